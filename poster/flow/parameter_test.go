package flow

import (
	"slices"
	"testing"
)

func TestSettings(t *testing.T) {
	f, err := Parse("f", []byte(`origins: http://a
parameters:
  area: {type: choice, choices: [sfo, nyc], required: true, help: where the ad appears}
  days: {type: number, default: 30}
  featured: {type: yes-no, default: no}
  note: {type: text}
steps: [click: a]
`))
	if err != nil {
		t.Fatal(err)
	}
	values, wrong := f.Settings(map[string]string{"area": "sfo", "days": "7.5", "note": ""})
	if len(wrong) > 0 || values["area"] != "sfo" || values["days"] != "7.5" || values["featured"] != "no" || values["note"] != "" {
		t.Errorf("got %v, %v", values, wrong)
	}
	_, wrong = f.Settings(map[string]string{"days": "soon", "featured": "maybe", "nte": "x"})
	want := []WrongSetting{
		{"area", `"area" is missing: where the ad appears`},
		{"days", `"days" must be a number, not "soon"`},
		{"featured", `"featured" must be yes or no, not "maybe"`},
		{"nte", `the flow has no parameter "nte"; did you mean "note"?`},
	}
	if !slices.Equal(wrong, want) {
		t.Errorf("got %v\nwant %v", wrong, want)
	}
	_, wrong = f.Settings(map[string]string{"area": "bos"})
	if len(wrong) != 1 || wrong[0].Text != `"area" must be one of sfo, nyc, not "bos": where the ad appears` {
		t.Errorf("got %v", wrong)
	}
	if _, wrong = f.Settings(map[string]string{"area": ""}); len(wrong) != 1 || wrong[0].Text != `"area" is empty: where the ad appears` {
		t.Errorf("got %v", wrong)
	}
}

// A flow that declares no parameters takes whatever the app gives.
func TestSettingsOfOldFlows(t *testing.T) {
	values, wrong := (&Flow{}).Settings(map[string]string{"area": "sfo"})
	if len(wrong) > 0 || values["area"] != "sfo" {
		t.Errorf("got %v, %v", values, wrong)
	}
}
