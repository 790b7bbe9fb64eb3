package browser

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

func slowScript(w http.ResponseWriter, r *http.Request) {
	pause(r, 300*time.Millisecond)
	w.Header().Set("Content-Type", "text/javascript")
	io.WriteString(w, "document.getElementById('b').onclick = () => say('ready')")
}

func serverError(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusInternalServerError)
	io.WriteString(w, "<h1>out of order</h1><p class=errors>Oops</p>")
}

func loseConnection(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

func neverAnswer(_ http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body) // only then does the server notice that nobody waits
	pause(r, time.Minute)
}

func download(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", "attachment; filename=evil.bin")
	w.Write(make([]byte, 100_000))
}

// receiveFiles takes a while over an upload.
func receiveFiles(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	pause(r, 400*time.Millisecond)
	fmt.Fprint(w, n > 50_000)
}

// pause waits as long as somebody waits for the answer.
func pause(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
