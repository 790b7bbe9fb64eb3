package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// endLimit is how long the processes of a killed browser may take to be gone.
	endLimit = 4 * time.Second
	// maxStderr is how much of the browser's complaints is kept, in bytes.
	maxStderr = 8 << 10
)

// windowSize is wide enough that sites show their whole menus.
const windowSize = "1280,1000"

// flags are for every browser: no work of its own in the background, nothing
// that leads around the proxy, no window on anything but the page.
var flags = []string{
	"--remote-debugging-pipe",
	"--window-size=" + windowSize,
	"--no-first-run",
	"--no-default-browser-check",
	"--no-service-autorun",
	"--no-pings",
	"--no-experiments",
	"--num-raster-threads=4", // else a small host decodes a page's photos one after the other
	"--disable-background-networking",
	"--disable-breakpad",
	"--disable-crash-reporter",
	"--disable-client-side-phishing-detection",
	"--disable-component-extensions-with-background-pages",
	"--disable-component-update",
	"--disable-default-apps",
	"--disable-dev-shm-usage",
	"--disable-domain-reliability",
	"--disable-extensions",
	"--disable-field-trial-config",
	"--disable-gpu",
	"--disable-notifications",
	"--disable-quic",
	"--disable-remote-fonts",
	"--disable-search-engine-choice-screen",
	"--disable-speech-api",
	"--disable-sync",
	"--disable-features=AutofillServerCommunication,CertificateTransparencyComponentUpdater,DeferRendererTasksAfterInput,HttpsFirstBalancedModeAutoEnable," +
		"HttpsUpgrades,InterestFeedContentSuggestions,MediaRouter,OptimizationHints,PaintHolding,PreconnectToSearch," +
		"SpareRendererForSitePerProcess,Translate",
	"--disable-site-isolation-trials", // all frames of a page are in its session: see frames.go
	"--deny-permission-prompts",
	"--dns-prefetch-disable",
	"--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
	"--webrtc-ip-handling-policy=disable_non_proxied_udp",
	"--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
	"--hide-scrollbars",
	"--metrics-recording-only",
	"--mute-audio",
	"--password-store=basic",
	"--use-mock-keychain",
}

// preferences are written into the profile before the start: no connection is
// opened on a guess, and no site may ask for anything (C28).
var preferences = map[string]any{
	"net":                        map[string]any{"network_prediction_options": 2},
	"webrtc":                     map[string]any{"ip_handling_policy": "disable_non_proxied_udp"},
	"credentials_enable_service": false,
	"profile": map[string]any{
		"password_manager_enabled": false,
		"default_content_setting_values": map[string]any{
			"geolocation": 2, "notifications": 2, "media_stream_camera": 2, "media_stream_mic": 2,
			"automatic_downloads": 2, "popups": 2,
		},
	},
	"download": map[string]any{"prompt_for_download": false},
}

// process is a running browser.
type process struct {
	*pipe
	cmd    *exec.Cmd
	exited chan struct{} // the main process has ended
	gone   chan struct{} // all of its processes have ended
	stderr *tail
}

// launch starts the program with everything that it writes inside dir and its
// only way out through the proxy at address.
func launch(program, dir, address string, noSandbox, show bool, extra ...string) (*process, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	args := append([]string{}, flags...)
	args = append(args, "--proxy-server="+address, "--proxy-bypass-list=<-loopback>",
		"--user-data-dir="+filepath.Join(dir, "profile"),
		"--gaia-url=http://"+greetingHost+"/") // whose accounts a whole Chromium asks for at each start
	if !isShell(program) && !show {
		args = append(args, "--headless=new")
	}
	if show && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") != "" {
		args = append(args, "--ozone-platform=wayland")
	}
	if noSandbox || os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	args = append(args, extra...)
	cmd := exec.Command(program, append(args, "about:blank")...)
	cmd.Dir = dir
	cmd.Env = environment(dir)
	if show {
		cmd.Env = append(cmd.Env, display()...)
	}
	cmd.SysProcAttr = dieWithUs()
	return start(cmd)
}

// prepare makes the directories and the profile's preferences.
func prepare(dir string) error {
	for _, name := range []string{"home", "tmp", "profile/Default"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return err
		}
	}
	data, err := json.Marshal(preferences)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "profile", "Default", "Preferences"), data, 0o600)
}

// environment is all that the browser gets to know of ours.
func environment(dir string) []string {
	home := filepath.Join(dir, "home")
	env := []string{
		"HOME=" + home, "TMPDIR=" + filepath.Join(dir, "tmp"),
		"XDG_CONFIG_HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_DATA_HOME=" + home,
		"XDG_STATE_HOME=" + home, "XDG_RUNTIME_DIR=" + home,
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8",
		"DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null", "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/dev/null",
	}
	if tz, ok := os.LookupEnv("TZ"); ok {
		env = append(env, "TZ="+tz)
	}
	return env
}

// display is what a browser needs to know to open a window.
func display() []string {
	var env []string
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	if _, ok := os.LookupEnv("XAUTHORITY"); !ok {
		if home, err := os.UserHomeDir(); err == nil {
			env = append(env, "XAUTHORITY="+filepath.Join(home, ".Xauthority"))
		}
	}
	if dir, ok := os.LookupEnv("XDG_RUNTIME_DIR"); ok { // where the socket of Wayland is
		env = append(env, "XDG_RUNTIME_DIR="+dir)
	}
	return env
}

// start runs cmd with the debugging pipes on its fds 3 and 4 and /dev/null on
// 0 and 1. Its 2 is a pipe of our own: whoever waits for our fds does not wait
// for the browser (C7), and since all of its processes inherit that pipe, its
// end tells that the last of them is gone.
func start(cmd *exec.Cmd) (*process, error) {
	files, err := pipes(3)
	if err != nil {
		return nil, err
	}
	theirIn, ourOut, ourIn, theirOut, ourErr, theirErr := files[0], files[1], files[2], files[3], files[4], files[5]
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.Stderr = theirErr
	p := &process{
		pipe: newPipe(ourOut, ourIn), cmd: cmd, stderr: &tail{},
		exited: make(chan struct{}), gone: make(chan struct{}),
	}
	started := make(chan error)
	go p.run(started)
	err = <-started
	closeAll(theirIn, theirOut, theirErr)
	if err != nil {
		closeAll(ourOut, ourIn, ourErr)
		return nil, err
	}
	go func() {
		defer close(p.gone)
		defer ourErr.Close()
		io.Copy(p.stderr, ourErr)
	}()
	return p, nil
}

// run starts the command and waits for it on one thread that lives as long:
// the kernel's signal at the parent's death is bound to the thread.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.cmd.Wait()
		close(p.exited)
	}
}

// pipes makes n pipes: reading end, writing end, and so on.
func pipes(n int) ([]*os.File, error) {
	var files []*os.File
	for range n {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll(files...)
			return nil, err
		}
		files = append(files, r, w)
	}
	return files, nil
}

func closeAll(files ...*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// kill ends the browser at once. Its processes end by themselves with the main
// one; killing them as well helps those that are stuck. It may be called at any time, by anyone.
func (p *process) kill() {
	if p.hasExited() { // and its number may be another's
		return
	}
	below := descendants(p.cmd.Process.Pid)
	for _, c := range slices.Backward(below) { // a dead parent has no children
		c.kill()
	}
	p.cmd.Process.Kill()
}

// end kills the browser and waits until all of its processes are gone.
func (p *process) end() error {
	p.kill()
	defer p.pipe.Close()
	select {
	case <-p.gone:
		return nil
	case <-time.After(endLimit):
		return errors.New("a process of the browser does not end")
	}
}

// explain makes an error of what the browser said before it went away, if it did.
func (p *process) explain(err error) error {
	select {
	case <-p.exited:
	case <-time.After(time.Second):
		return err
	}
	<-p.gone
	if hasNoScreen(p.stderr.String()) {
		return errNoScreen
	}
	return fmt.Errorf("the browser ended by itself: %s%s", p.stderr.lastLine(), sandboxHint(p.stderr.String()))
}

var errNoScreen = errors.New("there is no screen to show the browser on: DISPLAY or WAYLAND_DISPLAY must name one that this user may use")

// hasNoScreen tells whether this is what the browser complained of.
func hasNoScreen(said string) bool { return strings.Contains(said, "platform failed to initialize") }

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, b...)
	if extra := len(t.data) - maxStderr; extra > 0 {
		t.data = append([]byte{}, t.data[extra:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}

// lastLine gives the last complaint that is more than noise.
func (t *tail) lastLine() string {
	lines := strings.Split(strings.TrimSpace(t.String()), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		noise := strings.Contains(lines[i], "/zygote_linux.cc") || strings.Contains(lines[i], "dbus/") // of any browser that ends
		if !noise && (strings.Contains(lines[i], ":FATAL:") || strings.Contains(lines[i], ":ERROR:")) {
			return clean(lines[i])
		}
	}
	return clean(lines[len(lines)-1])
}
