package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is a command that is run again and again.
type program struct {
	argv  []string
	env   []string
	stdin string // path of a file that it gets through a pipe, as from a mail server; "" for none
	exit  int    // how it must end
	as    *syscall.Credential
}

func (p program) command() *exec.Cmd {
	c := exec.Command(p.argv[0], p.argv[1:]...)
	c.Env = append(os.Environ(), p.env...)
	if p.as != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: p.as}
	}
	return c
}

// once runs it and tells how long that took.
func (p program) once() (time.Duration, error) {
	_, took, err := p.output()
	return took, err
}

// output is once with what it printed.
func (p program) output() (string, time.Duration, error) {
	c := p.command()
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if p.stdin != "" {
		f, err := os.Open(p.stdin)
		if err != nil {
			return "", 0, err
		}
		defer f.Close()
		c.Stdin = feed{f} // no *os.File, so that exec makes a pipe
	}
	begun := time.Now()
	err := c.Run()
	took := time.Since(begun)
	if c.ProcessState == nil || c.ProcessState.ExitCode() != p.exit {
		return "", 0, fmt.Errorf("%s: %v: %s%s", filepath.Base(p.argv[0]), err, out.String(), said.String())
	}
	return out.String(), took, nil
}

// feed is a file that is written to a pipe in pieces that fill it.
type feed struct{ f *os.File }

func (f feed) Read(p []byte) (int, error) { return f.f.Read(p) }

func (f feed) WriteTo(w io.Writer) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{f.f}, make([]byte, 64<<10))
}

// resident runs it and gives the most memory that it had, what it shares with
// others included. (What wait4 says of that counts the memory of whoever has
// started it.)
func (p program) resident() (most int64, err error) {
	c := p.command()
	if p.stdin != "" {
		f, err := os.Open(p.stdin)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		c.Stdin = feed{f}
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case err := <-ended:
			if c.ProcessState.ExitCode() != p.exit {
				return 0, fmt.Errorf("%s: %w", filepath.Base(p.argv[0]), err)
			}
			return most, nil
		case <-time.After(time.Millisecond):
			most = max(most, kilobytes(fmt.Sprintf("/proc/%d/status", c.Process.Pid), "VmHWM:"))
		}
	}
}

// peak runs it and gives the most memory that its process tree had at once, by
// proportional size, and that of its own program in it.
func (p program) peak() (tree, own int64, err error) {
	c := p.command()
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if p.stdin != "" {
		f, err := os.Open(p.stdin)
		if err != nil {
			return 0, 0, err
		}
		defer f.Close()
		c.Stdin = f
	}
	if err := c.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case <-ended:
			if c.ProcessState.ExitCode() != p.exit {
				return 0, 0, errors.New(out.String())
			}
			return tree, own, nil
		case <-time.After(10 * time.Millisecond):
			all, mine := treeSize(c.Process.Pid)
			tree, own = max(tree, all), max(own, mine)
		}
	}
}

// treeSize gives the proportional memory of a process and all below it, and of
// those of them that run the same program, in bytes.
func treeSize(root int) (all, own int64) {
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		parents[pid], _ = strconv.Atoi(fields[1])
	}
	program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", root))
	for pid := range parents {
		if !isBelow(pid, root, parents) {
			continue
		}
		n := proportional(pid)
		all += n
		if exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); exe == program {
			own += n
		}
	}
	return all, own
}

func isBelow(pid, root int, parents map[int]int) bool {
	for ; pid > 0; pid = parents[pid] {
		if pid == root {
			return true
		}
	}
	return false
}

func proportional(pid int) int64 { return kilobytes(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:") }

// kilobytes gives an amount of a file such as /proc/1/status, in bytes; 0 if it
// is not there.
func kilobytes(path, name string) int64 {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == name {
			kB, _ := strconv.ParseInt(f[1], 10, 64)
			return kB << 10
		}
	}
	return 0
}

// server is a program that stays and does what it is told, a line each.
type server struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// serve starts a program and waits until it is ready.
func (p program) serve() (*server, error) {
	c := p.command()
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	s := &server{c, in, bufio.NewReader(out)}
	return s, s.hear("ready")
}

func (s *server) hear(want string) error {
	line, err := s.out.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != want {
		return fmt.Errorf("%s: it said %q, not %q", filepath.Base(s.cmd.Path), line, want)
	}
	return nil
}

// do tells the server to do something and how long it took.
func (s *server) do(line string) (time.Duration, error) {
	begun := time.Now()
	if _, err := fmt.Fprintln(s.in, line); err != nil {
		return 0, err
	}
	err := s.hear("done")
	return time.Since(begun), err
}

func (s *server) close() {
	s.in.Close()
	s.cmd.Wait()
}
