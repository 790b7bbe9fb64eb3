package cmd

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkBatch posts 150 mails with two photos each, all of one account, and
// tells how long it took and whether memory stayed flat. Run it with
//
//	go test ./cmd -run - -bench 'Batch$' -benchtime 1x
func BenchmarkBatch(b *testing.B) {
	const mails = 150
	for range b.N {
		y := newPostbox(b)
		photo := demoPhoto(b)
		for i := range mails {
			y.put(1000+i, withPhotos(fmt.Sprintf("Thing %d - $40", i), photo))
		}
		began := time.Now()
		c, out := y.start()
		var sizes []int
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		for over := false; !over; {
			select {
			case err := <-done:
				if over = true; err != nil {
					b.Fatalf("%v: %s", err, out)
				}
			case <-time.After(time.Second):
				sizes = append(sizes, treeSize(c.Process.Pid))
			}
		}
		if n := len(y.site.Ads()); n != mails {
			b.Fatalf("%d ads: %s", n, out)
		}
		third := len(sizes) / 3
		b.ReportMetric(time.Since(began).Seconds(), "s")
		b.ReportMetric(mails/time.Since(began).Minutes(), "mails/min")
		b.ReportMetric(float64(slices.Max(sizes[:third+1])), "MB-first-third")
		b.ReportMetric(float64(slices.Max(sizes[2*third:])), "MB-last-third")
	}
}

// BenchmarkBatchRefused is what one process does with mail that a rule refuses.
//
//	go test ./cmd -run - -bench BatchRefused -benchtime 1x
func BenchmarkBatchRefused(b *testing.B) {
	const mails = 5000
	for range b.N {
		y := newPostbox(b)
		for i := range mails {
			y.put(1000+i, strings.ReplaceAll(delivered("Make money fast"), "fred@", "eve@"))
		}
		began := time.Now()
		c, out := y.start()
		if err := c.Wait(); err != nil || !strings.Contains(out.String(), fmt.Sprintf("%d refused", mails)) {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(mails/time.Since(began).Seconds(), "mails/s")
	}
}

// demoPhoto is a photo of the demo's mail, as it stands there.
func demoPhoto(b *testing.B) string {
	data, err := demoFiles.ReadFile("demo/sofa.eml")
	if err != nil {
		b.Fatal(err)
	}
	_, photo, _ := strings.Cut(string(data), "Content-Transfer-Encoding: base64\n\n")
	photo, _, _ = strings.Cut(photo, "\n--")
	return photo
}

// withPhotos gives a mail with a text and two photos.
func withPhotos(subject, photo string) string {
	header, text, _ := strings.Cut(delivered(subject), "\n\n")
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, _ := w.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/plain; charset=utf-8"}})
	fmt.Fprint(part, text)
	for range 2 {
		part, _ = w.CreatePart(textproto.MIMEHeader{"Content-Type": {"image/jpeg; name=image.jpg"}, "Content-Transfer-Encoding": {"base64"}})
		fmt.Fprint(part, photo)
	}
	_ = w.Close()
	return header + "\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=" + w.Boundary() + "\n\n" +
		strings.ReplaceAll(body.String(), "\r\n", "\n")
}

// treeSize is the proportional memory of a process and all below it, in MB.
func treeSize(root int) int {
	parents := map[string]string{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		parents[filepath.Base(filepath.Dir(path))] = fields[1]
	}
	kB := 0
	for pid := range parents {
		for up := pid; up != ""; up = parents[up] {
			if up == strconv.Itoa(root) {
				kB += proportional(pid)
			}
		}
	}
	return kB >> 10
}

func proportional(pid string) int {
	out, err := exec.Command("grep", "^Pss:", "/proc/"+pid+"/smaps_rollup").Output()
	if err != nil {
		return 0
	}
	kB, _ := strconv.Atoi(strings.Fields(string(out))[1])
	return kB
}
