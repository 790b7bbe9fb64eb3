package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// workerCommand is how the parent calls its child; it is not for people.
const workerCommand = "worker"

func newWorkerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    workerCommand,
		Short:  "Handle one message for a parent process (internal)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			reports := os.NewFile(fdReport, "report")
			code, err := work(reports)
			if err != nil {
				return usageError("%w; it is started by mailapp run", err)
			}
			os.Exit(code)              // at once: the parent sweeps up
			runtime.KeepAlive(reports) // to the parent its end means that we have ended
			return nil
		},
	}
}

// work is the worker's whole life: take the request, handle the message,
// report. It ends itself and all that it started when the parent goes.
func work(report *os.File) (int, error) {
	if err := beWorker(); err != nil {
		return 0, err
	}
	requests := os.NewFile(fdRequest, "request")
	dec := json.NewDecoder(requests)
	var req request
	if err := dec.Decode(&req); err != nil {
		return 0, err
	}
	go func() {
		_, _ = io.Copy(io.Discard, requests)
		endGroup()
	}()
	reports := &reporter{enc: json.NewEncoder(report)}
	ctx, cancel := context.WithTimeout(context.Background(), req.Deadline-grace(req.Deadline))
	defer cancel()
	r := process(ctx, os.NewFile(fdSpool, "message"), req, reports.emit)
	reports.emit(event{Report: &r, Screenshot: r.Screenshot})
	return r.Exit, nil
}

// beWorker takes over what the parent gives to its workers.
func beWorker() error {
	for fd := fdSpool; fd <= fdReport; fd++ {
		var st syscall.Stat_t
		if err := syscall.Fstat(fd, &st); err != nil {
			return errors.New("the worker needs its parent's file descriptors")
		}
	}
	keepDescriptors()
	preferOOM()
	debug.SetMemoryLimit(enoughMemory)
	return nil
}

// enoughMemory, in bytes, is what a mail needs whose photos have 3 megapixels. With
// more in use what is over is collected sooner, instead of at twice as much; a mail
// that needs more gets it.
const enoughMemory = 24 << 20

// endGroup ends us and all that we started: the parent made us the leader of a
// group.
func endGroup() { _ = syscall.Kill(0, syscall.SIGKILL) }

// grace is what is left of the deadline for writing down what has happened,
// before the parent ends everything.
func grace(deadline time.Duration) time.Duration { return min(15*time.Second, deadline/4) }

// keepDescriptors lets none of our file descriptors reach the browser, neither
// the parent's nor what a mail server has left open (C7).
func keepDescriptors() {
	for fd := fdSpool; fd <= fdReport; fd++ {
		syscall.CloseOnExec(fd)
	}
	entries, _ := os.ReadDir("/dev/fd") // where there is none, those three were all
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd >= fdSpool {
			syscall.CloseOnExec(fd)
		}
	}
}

// preferOOM asks Linux, where memory runs out, to end the worker and its
// browser before the parent, which knows what to tell the mail server.
func preferOOM() { _ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0) }

// reporter writes events for the parent; several goroutines may.
type reporter struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func (r *reporter) emit(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.enc.Encode(e) // a parent that is gone ends us anyway
}
