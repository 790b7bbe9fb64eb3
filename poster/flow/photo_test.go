package flow

import (
	"reflect"
	"testing"
)

func TestPhotoLimits(t *testing.T) {
	f, err := Parse("f", []byte("origins: https://a.org\nphotos: {least: 1, most: 24, pixels: 1600, bytes: 5M, types: [png, jpeg]}\nsteps: [click: a]\n"))
	want := PhotoLimits{Least: 1, Most: 24, Pixels: 1600, Bytes: 5 << 20, Types: []string{"png", "jpeg"}}
	if err != nil || !reflect.DeepEqual(f.Photos, want) {
		t.Errorf("%+v, %v", f.Photos, err)
	}
}

// A step waits for the photos if it uses them, or their number anywhere.
func TestAsksForPhotos(t *testing.T) {
	for step, want := range map[string]bool{
		"upload: {A: '{{photos}}'}":                                                           true,
		"for-each-photo: [click: a]":                                                          true,
		"fill: {A: '{{photo-count}} photos'}":                                                 true,
		"click: 'Next of {{photo-count}}'":                                                    true,
		"expect: {count: css/i, is: '{{photo-count}}'}":                                       true,
		"expect: {count: css/i, at-most: '{{photo-count}}'}":                                  true,
		"expect: {text: '{{photo-count}} photos'}":                                            true,
		"{if: {field: photo-count, is: 0}, then: [click: a]}":                                 true,
		"pages: {until: a, cases: [{on: {text: '{{photo-count}} left'}, steps: [click: b]}]}": true,
		"fill: {A: '{{title}}'}":                                                              false,
		"{if: b, then: [upload: {A: '{{photos}}'}]}":                                          false, // the step inside does
		"expect: {count: css/i, is: 3}":                                                       false,
		"pages: {until: a, cases: [{on: b, steps: [click: b]}]}":                              false,
	} {
		f, err := Parse("f", []byte("origins: https://a.org\nsteps:\n  - "+step+"\n"))
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if got := f.Steps[0].AsksForPhotos(); got != want {
			t.Errorf("%s: %v", step, got)
		}
	}
}

func TestTooFewPhotos(t *testing.T) {
	for want, got := range map[string]string{
		"The site needs a photo, and the mail has none that can be used.":                               TooFewPhotos(1, 0, nil),
		"The site needs 3 photos, and the mail has 1 that can be used: photo 1 (late); photo 2 (dark).": TooFewPhotos(3, 1, []string{"photo 1 (late)", "photo 2 (dark)"}),
	} {
		if got != want {
			t.Errorf("%q", got)
		}
	}
}
