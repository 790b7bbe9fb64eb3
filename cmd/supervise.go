package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"mailapp/poster/browser"
)

// The worker's file descriptors. Nothing of a message is ever in its
// arguments, which everybody can read.
const (
	fdSpool   = 3 // the message
	fdRequest = 4 // the request; its end means that the parent is gone
	fdReport  = 5 // events, then one report
)

// request is what the parent asks of a worker.
type request struct {
	Rules    string
	Size     int64
	Mail     keptMail
	Deadline time.Duration
	Retry    string // see mail.retry
	RunDir   string
	// Unbounced: no mail server waits for the exit code, so that a proven sender
	// hears of every refusal by mail.
	Unbounced bool

	shop *shop // what several mails of one worker share; nil where there is one
}

// event is one line from the worker: a step for whoever watches, or the
// report, which is the last.
type event struct {
	Stage      string  `json:"stage,omitempty"` // rule, proof, page, publish, receipt
	Text       string  `json:"text,omitempty"`
	Screenshot []byte  `json:"screenshot,omitempty"`
	Partial    *report `json:"partial,omitempty"` // what is known so far, should it die
	Report     *report `json:"report,omitempty"`
}

// supervise has a worker process handle the spooled message, and turns
// whatever is not a clean report into "try again later" (C2): a panic, running
// out of memory, a signal, an exit code that is not the report's. When it
// returns, nothing of the worker's process group is alive (C6, C7).
func (d delivery) supervise(ctx context.Context, spool *os.File, req request, r report) report {
	ctx, cancel := context.WithTimeout(ctx, req.Deadline)
	defer cancel()
	w, err := startWorker(workerCommand, spool, req)
	if err != nil {
		r.fail(fmt.Errorf("starting the worker: %w", err))
		return r
	}
	reports := make(chan *report, 1)
	go func() { reports <- w.listen(d.progress, &r) }()
	var last *report
	select {
	case last = <-reports:
	case <-ctx.Done():
		w.kill()
		last = <-reports // it may have finished in the same instant
	}
	w.kill()
	err = w.wait()
	if last == nil || !w.ended(last.Exit) {
		r.note(browser.Sweep(req.RunDir)) // what it could not remove itself
		cause := fmt.Errorf("the worker ended without a report: %w; its last words: %s", errors.Join(err, context.Cause(ctx)), w.stderr.String())
		r.end(ending{exitLater, "4.3.0", "The message could not be handled now; it will be tried again."}, cause)
		return r
	}
	last.Time = r.Time
	return *last
}

// worker is the child process.
type worker struct {
	cmd     *exec.Cmd
	request *os.File // kept open as long as we live
	report  *os.File
	stderr  tail
}

// startWorker starts a worker by its command and gives it its first request, if
// there is one yet.
func startWorker(command string, spool *os.File, first any) (*worker, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	requestR, requestW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer requestR.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, requestW.Close())
	}
	defer reportW.Close()
	w := &worker{request: requestW, report: reportR}
	w.cmd = &exec.Cmd{
		Path: exe, Args: []string{"mailapp", command},
		ExtraFiles:  []*os.File{spool, requestR, reportW},
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
		Stderr:      &w.stderr,
		WaitDelay:   time.Second,
	}
	if err := w.cmd.Start(); err != nil {
		return nil, errors.Join(err, requestW.Close(), reportR.Close())
	}
	if first == nil {
		return w, nil
	}
	if err := json.NewEncoder(requestW).Encode(first); err != nil {
		w.kill()
		return nil, errors.Join(err, w.wait())
	}
	return w, nil
}

// listen passes events on until the worker closes its end, which is when it
// dies at the latest, and gives its report or nil. Before that it keeps partial
// up to date. A panic here, outside the main goroutine, costs the report and not
// the process (C2).
func (w *worker) listen(progress func(event), partial *report) (last *report) {
	defer func() {
		if recover() != nil {
			last = nil
		}
	}()
	dec := json.NewDecoder(io.LimitReader(w.report, 64<<20))
	for {
		var e event
		if dec.Decode(&e) != nil {
			return last
		}
		switch {
		case e.Report != nil:
			last = e.Report
			last.Screenshot = e.Screenshot
		case e.Partial != nil:
			began := partial.Time
			*partial = *e.Partial
			partial.Time = began
		case progress != nil:
			progress(e)
		}
	}
}

// kill ends the worker's whole process group. It is called before the worker
// is waited for, so the group's number cannot have been given to others.
func (w *worker) kill() { _ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL) }

func (w *worker) wait() error {
	return errors.Join(w.cmd.Wait(), w.request.Close(), w.report.Close())
}

// ended tells whether the worker ended as its report says. One that is killed
// after it has reported has nothing left to do.
func (w *worker) ended(exit int) bool {
	status, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return w.cmd.ProcessState.ExitCode() == exit || ok && status.Signal() == syscall.SIGKILL
}

// tail keeps the first and drops the rest of what is written to it: a Go crash
// says its cause first.
type tail struct{ data []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.data = append(t.data, p[:min(len(p), 2000-len(t.data))]...)
	return len(p), nil
}

func (t *tail) String() string { return string(t.data) }
