package photo

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"mailapp/filter/picture"
)

// HEIC is what iPhones write, and no browser on Linux reads it: HEVC is under
// patents. What reads it is a program of libheif's or, built with the tag heic,
// our own file where there is none: a child with limits of its own on memory and
// time, since a forged file may make it do anything.

// heicMemory is in bytes; for 48 megapixels heif-convert needs 400 MB.
var heicMemory uint64 = 512 << 20

const heicOutput = 64 << 20 // bytes of the JPEG

// heicQuality is high, of 100: the picture is made smaller after this.
const heicQuality = 95

// Where the program finds the picture, and where it lays its own.
const (
	heicIn  = "in.heic"
	heicOut = "out.jpg"
)

// converters are libheif's program by its names, and where it is looked for even
// if nobody has set a search path: mail servers do not.
var converters = []string{"heif-convert", "heif-dec", "/usr/bin/heif-convert", "/usr/bin/heif-dec", "/usr/local/bin/heif-dec"}

// ErrNoHEIC is why a HEIC picture cannot be opened, for its sender.
var ErrNoHEIC = &Spoilt{"cannot be read here; an iPhone sends JPEG instead if Settings > Camera > Formats is set to Most Compatible"}

// builtIn is whether our own file reads HEIC when it is called by that name: see
// heicwasm.go, which not every build has.
var builtIn bool

const builtInName = "mailapp-heic"

// How the built-in reader ends that could not read a picture. The second is what
// Go itself ends with where it gets no memory.
const (
	exitUnreadable = 1
	exitTooMuch    = 2
	exitNotHere    = 3
)

// heicProgram is what reads HEIC. own is whether it is the built-in reader.
type heicProgram struct {
	path string
	own  bool
}

func findHEIC() (heicProgram, error) {
	for _, name := range converters {
		if path, err := exec.LookPath(name); err == nil {
			return heicProgram{path: path}, nil
		}
	}
	if path, err := os.Executable(); builtIn && err == nil {
		return heicProgram{path, true}, nil
	}
	return heicProgram{}, ErrNoHEIC
}

// HEICReader gives the program that reads HEIC, or [ErrNoHEIC].
func HEICReader() (path string, err error) {
	p, err := findHEIC()
	return p.path, err
}

// openHEIC is openWhole where there is a program for the rest.
func openHEIC(data []byte) (*Picture, error) {
	p, err := openWhole(data)
	if err == nil {
		_, err = HEICReader()
	}
	return p, err
}

// Readable gives the picture in a format that browsers read: itself, or a HEIC as
// a JPEG, which is upright, as large as it was, and has its colour profile. What
// that needs in files is in dir for as long. The error is a [*Spoilt] if it is the
// file's own doing.
func (p *Picture) Readable(ctx context.Context, dir string) (*Picture, error) {
	if p.Type != picture.HEIC {
		return p, nil
	}
	jpeg, err := fromHEIC(ctx, dir, p.whole)
	if err != nil {
		return nil, err
	}
	turned, err := Open(jpeg, picture.JPEG)
	if err != nil {
		return nil, ErrUnreadable
	}
	return turned, nil
}

func fromHEIC(ctx context.Context, dir string, data []byte) ([]byte, error) {
	program, err := findHEIC()
	if err != nil {
		return nil, err
	}
	dir, err = os.MkdirTemp(dir, "heic-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, heicIn), withoutExif(data), 0o600); err != nil {
		return nil, err
	}
	err = program.convert(ctx, dir, Limit)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	}
	return converted(dir)
}

// convert runs the program in dir. It sees nothing of our environment, and dies
// with us. That it fails is a [*Spoilt], or ctx has ended. limit is as in [Watch].
func (p heicProgram) convert(ctx context.Context, dir string, limit time.Duration) error {
	runtime.LockOSThread() // the signal at our death is bound to the thread
	defer runtime.UnlockOSThread()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	c := exec.CommandContext(ctx, p.path, "-q", strconv.Itoa(heicQuality), heicIn, heicOut)
	if p.own {
		c.Args[0] = builtInName
	}
	c.Dir, c.Env, c.SysProcAttr = dir, []string{"MALLOC_ARENA_MAX=2", "TMPDIR=" + dir}, dieWithUs()
	c.WaitDelay = time.Second
	if err := c.Start(); err != nil {
		return err
	}
	if err := confine(c.Process.Pid, p.own); err != nil {
		_ = c.Process.Kill()
		_ = c.Wait()
		return err
	}
	go Watch(ctx, end, limit, func() (time.Duration, error) { return usedBy(c.Process.Pid) })
	switch err := c.Wait(); {
	case err == nil:
		return nil
	case context.Cause(ctx) == ErrTooSlow:
		return ErrTooSlow
	}
	return p.failed(c.ProcessState.ExitCode())
}

// failed gives what it means that the program has ended so.
func (p heicProgram) failed(exit int) error {
	switch {
	case p.own && exit == exitTooMuch:
		return ErrTooMuch
	case p.own && exit == exitNotHere:
		return ErrNoHEIC
	}
	return ErrUnreadable
}

// converted gives what the program has written: one file or, of several pictures,
// one each, of which the first counts.
func converted(dir string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, heicOut))
	if errors.Is(err, os.ErrNotExist) {
		data, err = os.ReadFile(filepath.Join(dir, "out-1.jpg"))
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrUnreadable
	}
	return data, err
}

// withoutExif gives the file with its Exif hidden. In a HEIF file that only
// repeats how the picture is turned (ISO/IEC 23008-12 §6.5.10 says it), and
// versions of the program differ in what they make of both: so only the file's
// own word is left to them.
func withoutExif(data []byte) []byte {
	data = bytes.Clone(data)
	for box := range picture.Boxes(data) {
		if box.Kind != "meta" || len(box.Body) < 4 {
			continue
		}
		for _, list := range picture.Find(box.Body[4:], "iinf") {
			hideExif(list)
		}
	}
	return data
}

// hideExif gives the Exif in a list of items another type, in place: ISO/IEC
// 14496-12 §8.11.6.
func hideExif(list []byte) {
	head := 6 // version, flags, and how many there are
	if len(list) > 0 && list[0] > 0 {
		head = 8
	}
	if len(list) < head {
		return
	}
	for _, item := range picture.Find(list[head:], "infe") {
		at := 8
		if len(item) > 0 && item[0] == 3 {
			at = 10
		}
		if len(item) >= at+4 && binary.BigEndian.Uint32(item[at:]) == binary.BigEndian.Uint32([]byte("Exif")) {
			copy(item[at:], "none")
		}
	}
}
