package fakesite

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "by", "New")
	photo := jpegPhoto(t, 77)
	site, server := newSite(t, dir)
	b := openBrowser(t, server.URL)
	b.login("ann@example.org", "correct horse")
	if _, err := b.publish(b.toPreview(file{"image.jpg", photo})); err != nil {
		t.Fatal(err)
	}
	server.Close()

	again, server := newSite(t, dir)
	if before, after := site.Ads(), again.Ads(); !reflect.DeepEqual(before, after) {
		t.Fatalf("before\n%+v, after\n%+v", before, after)
	}
	checkBike(t, again.Ads(), photo)
	b = openBrowser(t, server.URL)
	if got := b.get("/photo/1001/1").body; got != string(photo) {
		t.Error("the photo has changed over the restart")
	}
	b.login("ann@example.org", "correct horse")
	if a, err := b.publish(b.toPreview()); err != nil || a.path != "/ad/1002" {
		t.Errorf("the next ad is at %s, %v; want /ad/1002", a.path, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.new")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestStoreErrors(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ads.json"), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(dir); err == nil || !strings.Contains(err.Error(), "ads.json") {
		t.Errorf("a broken ads.json: %v", err)
	}
	if _, err := New(filepath.Join(dir, "ads.json")); err == nil {
		t.Error("a file in the directory's place is no error")
	}
}

// TestStoreFailsWhole: an ad whose bytes cannot be stored is not published.
func TestStoreFailsWhole(t *testing.T) {
	for _, blocked := range []string{"ads.json.new", "photos/" + sha256Hex(jpegPhoto(t, 8)) + ".new"} {
		dir := t.TempDir()
		site, server := newSite(t, dir)
		if err := os.Mkdir(filepath.Join(dir, blocked), 0o700); err != nil {
			t.Fatal(err)
		}
		b := openBrowser(t, server.URL)
		b.login("ann@example.org", "correct horse")
		a, err := b.publish(b.toPreview(file{"a.jpg", jpegPhoto(t, 8)}))
		if err != nil || a.status != http.StatusInternalServerError {
			t.Errorf("%s: status %d, %v; want 500", blocked, a.status, err)
		}
		if n := len(site.Ads()); n != 0 {
			t.Errorf("%s: %d ads, want none", blocked, n)
		}
	}
}

func TestAdsAreCopies(t *testing.T) {
	site, b := atAnns(t)
	if _, err := b.publish(b.toPreview(file{"a.jpg", jpegPhoto(t, 8)})); err != nil {
		t.Fatal(err)
	}
	ads := site.Ads()
	ads[0].Title, ads[0].Photos[0].Name = "changed", "changed"
	if got := site.Ads()[0]; got.Title == "changed" || got.Photos[0].Name == "changed" {
		t.Error("a caller of Ads changes the store")
	}
}

func TestLostPhoto(t *testing.T) {
	dir := t.TempDir()
	_, server := newSite(t, dir)
	b := openBrowser(t, server.URL)
	b.login("ann@example.org", "correct horse")
	photo := jpegPhoto(t, 8)
	if _, err := b.publish(b.toPreview(file{"a.jpg", photo})); err != nil {
		t.Fatal(err)
	}
	stored := filepath.Join(dir, "photos", sha256Hex(photo))
	if data, err := os.ReadFile(stored); err != nil || !bytes.Equal(data, photo) {
		t.Errorf("the stored photo is not the one that was sent: %v", err)
	}
	if err := os.Remove(stored); err != nil {
		t.Fatal(err)
	}
	if a := b.get("/photo/1001/1"); a.status != http.StatusInternalServerError {
		t.Errorf("status %d, want 500", a.status)
	}
}
