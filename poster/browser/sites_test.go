package browser

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"mailapp/poster/flow"
)

// visit is one run of a flow that mailapp init writes, with the settings of an
// app and the values of a message.
type visit struct {
	flow     string // its file in cmd/flows
	with     map[string]string
	values   map[string]string
	password string
	photos   []flow.Photo
	before   string // a step that is put before publish, as YAML
	sessions *locker
}

// shipped reads the flow that mailapp init writes.
func (v visit) shipped(t testing.TB) *flow.Flow {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../cmd/flows", v.flow))
	if err != nil {
		t.Fatal(err)
	}
	if v.before != "" {
		data = bytes.Replace(data, []byte("\n  - publish:"), []byte("\n  - "+v.before+"\n  - publish:"), 1)
	}
	f, err := flow.Parse(v.flow, data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (v visit) run(t testing.TB) (flow.Result, *flow.Failure) {
	t.Helper()
	f := v.shipped(t)
	values, wrong := f.Settings(v.with)
	if len(wrong) > 0 {
		t.Fatalf("the app's settings: %v", wrong)
	}
	maps.Copy(values, v.values)
	browser := Browser{Dir: t.TempDir()}
	task := flow.Task{Flow: f, Values: values, Secrets: map[string]string{"password": v.password}, Photos: v.photos}
	if v.sessions != nil {
		task.Session = v.sessions.open()
	}
	result, err := browser.Run(t.Context(), task)
	var failure *flow.Failure
	if err != nil && !errors.As(err, &failure) {
		t.Fatalf("%T is no *flow.Failure: %v", err, err)
	}
	return result, failure
}

// must runs a visit that ends well.
func (v visit) must(t testing.TB) flow.Result {
	t.Helper()
	result, failure := v.run(t)
	if failure != nil {
		t.Fatalf("by fault of %s: %v", failure.Fault, failure)
	}
	return result
}

// mustFail runs a visit that fails by somebody's fault, with these words of
// the site, and with nothing published.
func (v visit) mustFail(t testing.TB, fault flow.Fault, said string) {
	t.Helper()
	_, failure := v.run(t)
	if failure == nil || failure.Fault != fault || failure.Published || failure.Said != said {
		t.Errorf("got %+v, want a failure by fault of %s, saying %q", failure, fault, said)
	}
}
