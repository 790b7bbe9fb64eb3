package fakesite

// The store. An ad is published at the instant at which ads.json is renamed
// into place; its photos are on disk before that. A crash leaves at most files
// that no ad names, and the next write of the same file replaces them.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const firstID = 1001 // so that a number on a page is not taken for a count

// Ad is a published ad. The text is as the form brought it, with line ends LF.
type Ad struct {
	ID        int // "Ad number"
	Account   string
	Category  string // as shown: "For sale"
	Title     string
	Body      string
	Price     string
	Condition string
	Photos    []Photo   // in the order in which they were chosen
	Posted    time.Time // or last renewed
	URL       string    // path on the site: /ad/1001
	Deleted   bool      // it is kept, so that no other ad gets its number
}

// Photo is one photo of an ad.
type Photo struct {
	Name   string // the file's name as the browser sent it
	Type   string // by content: image/jpeg, image/png, image/gif or image/webp
	Size   int    // bytes
	SHA256 string // hexadecimal; also the file's name in the store
	Path   string // path on the site: /photo/1001/1
}

// upload is a photo with its bytes, before it is published.
type upload struct {
	Photo
	data []byte
}

type store struct {
	dir string // "" keeps everything in memory

	mu    sync.Mutex
	ads   []Ad
	blobs map[string][]byte // by SHA256; used only without dir
}

func openStore(dir string) (*store, error) {
	st := &store{dir: dir, blobs: make(map[string][]byte)}
	if dir == "" {
		return st, nil
	}
	if err := os.MkdirAll(filepath.Join(dir, "photos"), 0o700); err != nil {
		return nil, fmt.Errorf("fake site's store: %w", err)
	}
	data, err := os.ReadFile(st.adsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fake site's store: %w", err)
	}
	if err := json.Unmarshal(data, &st.ads); err != nil {
		return nil, fmt.Errorf("fake site's store: %s: %w", st.adsFile(), err)
	}
	return st, nil
}

func (st *store) adsFile() string             { return filepath.Join(st.dir, "ads.json") }
func (st *store) photoFile(sum string) string { return filepath.Join(st.dir, "photos", sum) }

// add publishes ad with photos and returns it with its number and addresses.
// After an error nothing is published.
func (st *store) add(ad Ad, photos []upload) (Ad, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	ad.ID = firstID
	for _, other := range st.ads {
		ad.ID = max(ad.ID, other.ID+1)
	}
	ad.URL = fmt.Sprintf("/ad/%d", ad.ID)
	ad.Photos = nil
	for i, u := range photos {
		if err := st.keepPhoto(u); err != nil {
			return Ad{}, fmt.Errorf("storing photo: %w", err)
		}
		u.Path = fmt.Sprintf("/photo/%d/%d", ad.ID, i+1)
		ad.Photos = append(ad.Photos, u.Photo)
	}
	return ad, st.replace(append(slices.Clip(st.ads), ad))
}

// change puts an ad in the place of what it was, or behind all others.
func (st *store) change(ad Ad, last bool) error {
	st.mu.Lock()
	defer st.mu.Unlock()
	ads := slices.Clone(st.ads)
	i := slices.IndexFunc(ads, func(a Ad) bool { return a.ID == ad.ID })
	if i < 0 {
		return fmt.Errorf("there is no ad %d", ad.ID)
	}
	ads[i] = ad
	if last {
		ads = append(slices.Delete(ads, i, i+1), ad)
	}
	return st.replace(ads)
}

// replace makes these the ads, or after an error leaves those that were. The
// caller holds the lock.
func (st *store) replace(ads []Ad) error {
	if err := st.keepAds(ads); err != nil {
		return fmt.Errorf("storing ad: %w", err)
	}
	st.ads = ads
	return nil
}

func (st *store) keepPhoto(u upload) error {
	if st.dir == "" {
		st.blobs[u.SHA256] = u.data
		return nil
	}
	return writeDurably(st.photoFile(u.SHA256), u.data)
}

func (st *store) keepAds(ads []Ad) error {
	if st.dir == "" {
		return nil
	}
	data, err := json.MarshalIndent(ads, "", "\t")
	if err != nil {
		return err
	}
	return writeDurably(st.adsFile(), append(data, '\n'))
}

// all returns copies of the ads that are not deleted, which share nothing with
// the store.
func (st *store) all() []Ad {
	st.mu.Lock()
	defer st.mu.Unlock()
	ads := slices.DeleteFunc(slices.Clone(st.ads), func(a Ad) bool { return a.Deleted })
	for i := range ads {
		ads[i].Photos = slices.Clone(ads[i].Photos)
	}
	return ads
}

func (st *store) ad(id int) (Ad, bool) {
	ads := st.all()
	i := slices.IndexFunc(ads, func(a Ad) bool { return a.ID == id })
	if i < 0 {
		return Ad{}, false
	}
	return ads[i], true
}

// photo returns the bytes of a published photo.
func (st *store) photo(p Photo) ([]byte, error) {
	if st.dir != "" {
		return os.ReadFile(st.photoFile(p.SHA256))
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	data, ok := st.blobs[p.SHA256]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return data, nil
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeDurably replaces the file at path, so that after a crash it holds
// either what it held or data, and after a return without error data. The
// temporary name is fixed: the caller holds the store's lock.
func writeDurably(path string, data []byte) error {
	temp := path + ".new"
	if err := writeSynced(temp, data); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
