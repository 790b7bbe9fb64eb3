package photo

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mailapp/filter/picture"
)

func mustOpen(t *testing.T, data []byte, kind string) *Picture {
	t.Helper()
	p, err := Open(data, kind)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// C23: a picture that is upright and within the limits is published with no pixel
// touched, and no other is.
func TestReady(t *testing.T) {
	jpg, pic, anim := jpegSample(1), pngSample(1), gifSample(1)
	const any = 1 << 20
	tests := []struct {
		name   string
		limits Limits
		kind   string
		sample sample
		ready  bool
	}{
		{"within", Limits{Side: 11, Bytes: any}, picture.JPEG, jpg, true},
		{"too wide", Limits{Side: 10, Bytes: any}, picture.JPEG, jpg, false},
		{"as large as can be", Limits{Side: 11, Bytes: int64(len(jpg.clean))}, picture.JPEG, jpg, true},
		{"too large", Limits{Side: 11, Bytes: int64(len(jpg.clean)) - 1}, picture.JPEG, jpg, false},
		{"of no type that is taken", Limits{Side: 99, Bytes: any}, picture.PNG, pic, false},
		{"of a type that is taken", Limits{Side: 99, Bytes: any, Types: []string{picture.GIF, picture.PNG}}, picture.PNG, pic, true},
		{"turned", Limits{Side: 99, Bytes: any, Types: []string{picture.PNG}}, picture.PNG, pngSample(6), false},
		{"moving", Limits{Side: 99, Bytes: any, Types: []string{picture.GIF}}, picture.GIF, anim, true},
		{"for the press", Limits{Side: 99, Bytes: any}, picture.JPEG, sample{dirty: fourColours(jpg.dirty)}, false},
	}
	for _, tt := range tests {
		p := mustOpen(t, tt.sample.dirty, tt.kind)
		got := p.Ready(tt.limits)
		if tt.ready && !bytes.Equal(got, tt.sample.clean) || !tt.ready && got != nil {
			t.Errorf("%s: %.60q", tt.name, got)
		}
	}
}

// fourColours has a JPEG's frame say that it has four components.
func fourColours(data []byte) []byte {
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte{0xff, markerSOF0, 0})
	data[at+9] = 4
	return data
}

// What is to be decoded does not say any more how it is turned, so that it is
// turned once.
func TestNegative(t *testing.T) {
	for way := turn(1); way <= 8; way++ {
		for kind, sampled := range samples {
			file, said := mustOpen(t, sampled(way).dirty, kind).Negative()
			if want := int(way); kind != picture.GIF && said != want {
				t.Errorf("%s turned %d: said to be %d", kind, way, said)
			}
			if p := mustOpen(t, file, kind); p.turn != 0 || bytes.Contains(file, []byte(secret)) {
				t.Errorf("%s turned %d: the file itself says %d", kind, way, p.turn)
			}
		}
	}
	before := converters
	defer func() { converters = before }()
	converters = []string{"true"}
	heic := heicSample(t)
	if file, said := mustOpen(t, heic, picture.HEIC).Negative(); said != 1 || !bytes.Equal(file, heic) {
		t.Errorf("HEIC is said to be turned %d", said)
	}
}

func TestFinish(t *testing.T) {
	got, err := Finish(jpegSample(6).dirty)
	if err != nil || bytes.Contains(got, []byte("ICC_PROFILE")) || bytes.Contains(got, []byte("Exif")) || !bytes.Contains(got, []byte("JFIF")) {
		t.Errorf("%.200q, %v", got, err)
	}
	if _, err := Finish([]byte("<html>")); err == nil {
		t.Error("took what is no JPEG")
	}
}

func heicSample(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/photo/corners.heic")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The program that reads HEIC gets a file whose Exif is hidden, and nothing of
// what we have.
func TestConverter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("limits are set on Linux only")
	}
	t.Setenv("MAILAPP_SECRET", secret)
	dir := t.TempDir()
	program := filepath.Join(dir, "heif-convert")
	script := "#!/bin/sh\n/bin/sleep 0.2\n{ echo \"$@\"; set; ulimit -v; ulimit -f; /bin/grep -c Exif in.heic; true; } > out.jpg\n"
	if err := os.WriteFile(program, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	before := converters
	defer func() { converters = before }()
	converters = []string{"no-such-program", program}
	heic := heicSample(t)
	if n := bytes.Count(heic, []byte("Exif")); n != 1 { // its type
		t.Fatalf("Exif stands %d times in the sample", n)
	}
	said, err := fromHEIC(t.Context(), dir, heic)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-q 95 in.heic out.jpg\n", "\n524288\n131072\n0\n"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("not said: %q\n%s", want, said)
		}
	}
	if bytes.Contains(said, []byte(secret)) {
		t.Errorf("our environment is seen:\n%s", said)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "heic-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	converters = converters[:1]
	defer func(before bool) { builtIn = before }(builtIn)
	builtIn = false
	if _, err := Open(heic, picture.HEIC); err == nil || !strings.HasPrefix(err.Error(), "the HEIC cannot be read here; an iPhone sends JPEG") {
		t.Errorf("without the program: %v", err)
	}
}

// What the program makes nothing of is damaged.
func TestConverterFails(t *testing.T) {
	before := converters
	defer func() { converters = before }()
	for _, name := range []string{"false", "true"} {
		converters = []string{name}
		if _, err := fromHEIC(t.Context(), t.TempDir(), heicSample(t)); err != ErrUnreadable {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// C24: a program that works or sleeps for too long is ended; one that gets little of
// the processor is waited for.
func TestConverterTime(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("how long a child has worked is known on Linux only")
	}
	const work = "j=0; while [ $j -lt 20000 ]; do j=$((j+1)); done; "
	for script, want := range map[string]error{
		"while :; do :; done": ErrTooSlow,
		"exec sleep 9":        ErrTooSlow,
		"for i in 1 2 3 4 5 6 7 8 9; do " + work + "sleep 0.1; done; echo > out.jpg": nil,
	} {
		dir := t.TempDir()
		program := filepath.Join(dir, "heif-convert")
		if err := os.WriteFile(program, []byte("#!/bin/sh\nPATH=/bin:/usr/bin\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		err := heicProgram{path: program}.convert(t.Context(), dir, 400*time.Millisecond)
		if err != want || time.Since(begun) > 6*time.Second {
			t.Errorf("%s: %v after %v", script, err, time.Since(begun))
		}
	}
}
