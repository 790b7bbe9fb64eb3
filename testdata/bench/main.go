// Bench measures mailapp side by side with programs that do the same, or a
// part of it, and prints a table of ratios: of each median to that of a peer
// which was run in turn with it, so that what else the machine did met both.
//
//	go run . [-n ROUNDS] [ROW ...]
//
// The rows are those of the table below; without any, all are run. A peer that
// is not installed is left out by name. It ends with 1 if something that was
// measured misses its target.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// rows are what is measured, in the order in which it is.
var rows = []struct {
	name string
	run  func(*bench) error
}{
	{"refuse", (*bench).refuse},
	{"cold", (*bench).cold},
	{"warm", (*bench).warm},
	{"batch", (*bench).batch},
	{"photos", (*bench).photos},
	{"ledger", (*bench).ledger},
	{"parse", (*bench).parse},
}

// bench is where all rows find what they need.
type bench struct {
	table
	root    string // of the repository
	dir     string // scratch
	modules string // the JavaScript packages
	mailapp string // the program
	rounds  int
}

func main() {
	rounds := flag.Int("n", 12, "how often each contender is run")
	flag.Parse()
	missed, err := run(*rounds, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if missed > 0 {
		os.Exit(1)
	}
}

func run(rounds int, wanted []string) (missed int, err error) {
	b, err := newBench(rounds)
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(b.dir)
	if err := unknown(wanted); err != nil {
		return 0, err
	}
	fmt.Fprintln(b.out, b.machine())
	for _, r := range rows {
		if len(wanted) > 0 && !slices.Contains(wanted, r.name) {
			continue
		}
		if err := r.run(b); err != nil {
			return 0, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return b.missed, nil
}

func unknown(wanted []string) error {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return fmt.Errorf("there is no row %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

// newBench builds the programs.
func newBench(rounds int) (*bench, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mailapp-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{table: table{out: os.Stdout}, root: root, dir: dir, modules: os.Getenv("BENCH_MODULES"), rounds: rounds}
	b.mailapp = filepath.Join(dir, "mailapp")
	for _, build := range [][]string{{root, b.mailapp, "."}, {".", dir + "/", "./peer/..."}} {
		c := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", build[1], build[2])
		c.Dir, c.Stderr, c.Env = build[0], os.Stderr, append(os.Environ(), "CGO_ENABLED=0")
		if err := c.Run(); err != nil {
			return nil, fmt.Errorf("go build: %w", err)
		}
	}
	return b, nil
}

// machine is what the figures depend on.
func (b *bench) machine() string {
	cpu := "an unknown processor"
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				cpu = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s; %d processors, %s; %s; the median of %d (the middle half)",
		time.Now().Format("2 January 2006"), runtime.NumCPU(), cpu, runtime.Version(), b.rounds)
}

// peer is a program of the bench's own.
func (b *bench) peer(name string) string { return filepath.Join(b.dir, name) }

// path is a file of the repository.
func (b *bench) path(name string) string { return filepath.Join(b.root, name) }

// version is the first line of what a program says of itself, or "" if it is
// not there.
func version(argv ...string) string {
	out, _ := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return line
}

// begin prints the title of a row.
func (b *bench) begin(title string, versions ...string) {
	fmt.Fprintf(b.out, "\n%s\n", title)
	for _, v := range versions {
		if v != "" {
			fmt.Fprintf(b.out, "  %s\n", v)
		}
	}
	b.head()
}
