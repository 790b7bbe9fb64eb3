package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"mailapp/poster/flow"
	"mailapp/poster/photo"
)

// Photos are made ready beside the steps, from the moment that the browser is
// there: most flows log in first. The first step that asks for photos waits until
// all of them are.

// album is the task's photos as they are made ready, two at a time. Only the
// goroutines of fill use it before ready is closed.
type album struct {
	dir    string // of the files
	limits photo.Limits
	rooms  []*darkroom // one for each goroutine

	lock   sync.Mutex
	begun  int // photos
	good   int // photos that are ready
	slow   int // photos that took all their time, or their page with them
	pixels int // that were decoded, less those that the files' own bytes pay for
	large  sync.Mutex

	coding sync.Mutex // a JPEG anew, which takes several times its own memory

	ready   chan struct{}
	files   []string // in order; their names are ours (C25)
	leftOut []string // what could not be made ready and why, a line each
	failed  error    // why that could not even be tried
}

// roomsEach is how many photos of a run are made ready at once: as many as a small
// host has processors.
const roomsEach = 2

// prepare begins to make the photos ready, if a step asks for them. What it has
// begun is over when end returns.
func (r *run) prepare(ctx context.Context) (end func()) {
	if len(r.task.Photos) == 0 || !r.plan.asksForPhotos() {
		return func() {}
	}
	r.album = &album{dir: r.shelf, limits: limitsOf(r.task.Flow.Photos), ready: make(chan struct{})}
	for i := range min(roomsEach, len(r.task.Photos)) {
		r.album.rooms = append(r.album.rooms, &darkroom{
			client: r.tab.client, elsewhere: r.proxy == nil, file: filepath.Join(r.shelf, fmt.Sprint("negative-", i)),
		})
	}
	ctx, cancel := context.WithCancel(ctx)
	go r.album.fill(ctx, r.task.Photos, r.task.Flow.Photos.Most)
	return func() {
		cancel()
		<-r.album.ready
	}
}

func (p *plan) asksForPhotos() bool {
	for s := range p.all(p.steps) {
		if s.AsksForPhotos() {
			return true
		}
	}
	return false
}

func limitsOf(l flow.PhotoLimits) photo.Limits {
	limits := photo.Limits{Side: cmp.Or(l.Pixels, flow.DefaultPixels), Bytes: cmp.Or(l.Bytes, math.MaxInt64)}
	for _, name := range l.Types {
		limits.Types = append(limits.Types, flow.PhotoTypes[name])
	}
	return limits
}

// finished is a photo that is ready, or why it is not.
type finished struct {
	path, kind string
	err        error // a [*badPhoto] if it is the photo's own doing
}

// fill makes photos ready, up to as many as the site takes; 0 is all.
func (a *album) fill(ctx context.Context, photos []flow.Photo, most int) {
	defer close(a.ready)
	if most == 0 {
		most = len(photos)
	}
	prints := make([]finished, len(photos))
	var all sync.WaitGroup
	for _, room := range a.rooms {
		all.Go(func() {
			defer room.close()
			for i := a.next(len(photos), most); i >= 0; i = a.next(len(photos), most) {
				prints[i] = a.print(ctx, room, photos[i], fmt.Sprint("print-", i))
			}
		})
	}
	all.Wait()
	for i, p := range photos {
		if a.failed = a.put(p, prints[i], most); a.failed != nil {
			return
		}
	}
}

// next gives the number of the next photo to be made ready; below 0 if there are
// enough.
func (a *album) next(photos, most int) int {
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.begun == photos || a.good >= most {
		return -1
	}
	a.begun++
	return a.begun - 1
}

// put puts a photo behind those that are there already, or says why not.
func (a *album) put(p flow.Photo, made finished, most int) error {
	var bad *badPhoto
	switch {
	case len(a.files) >= most: // whatever has come of it, if it was begun at all
		a.leaveOut(p, fmt.Errorf("the site takes %d", most))
	case errors.As(made.err, &bad):
		a.leaveOut(p, bad)
	case made.err != nil:
		return fmt.Errorf("making %s ready: %w", p.Label, made.err)
	default:
		path := filepath.Join(a.dir, fmt.Sprintf("photo-%d%s", len(a.files)+1, extensions[made.kind]))
		a.files = append(a.files, path)
		return os.Rename(made.path, path)
	}
	return nil
}

func (a *album) leaveOut(p flow.Photo, why error) {
	a.leftOut = append(a.leftOut, fmt.Sprintf("%s (%v)", p.Label, why))
}

// badPhoto is why a photo is left out, for the sender: "the HEIC cannot be read".
type badPhoto struct{ why string }

func (b *badPhoto) Error() string { return b.why }

// print makes one photo ready, in a file of that name.
func (a *album) print(ctx context.Context, room *darkroom, p flow.Photo, name string) finished {
	file, kind, err := a.made(ctx, room, p)
	if err != nil {
		return finished{err: err}
	}
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		return finished{err: err}
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	a.good++
	return finished{path: path, kind: kind}
}

// made gives a photo as it is published, and its type.
func (a *album) made(ctx context.Context, room *darkroom, p flow.Photo) (file []byte, kind string, err error) {
	opened, file, err := a.opened(p)
	if err != nil || file != nil {
		return file, p.Type, err
	}
	file, kind, err = a.developed(ctx, room, opened, int(p.Data.Size()))
	if err == photo.ErrTooSlow || err == photo.ErrTooMuch {
		a.lock.Lock()
		a.slow++
		a.lock.Unlock()
	}
	var spoilt *photo.Spoilt
	if errors.As(err, &spoilt) {
		err = &badPhoto{"the " + photo.Name(p.Type) + " " + spoilt.Error()}
	}
	return file, kind, err
}

// opened gives a photo, and the file if it can be published with no pixel touched.
func (a *album) opened(p flow.Photo) (*photo.Picture, []byte, error) {
	a.coding.Lock()
	defer a.coding.Unlock()
	data := make([]byte, p.Data.Size())
	if _, err := p.Data.ReadAt(data, 0); err != nil && err != io.EOF {
		return nil, nil, err
	}
	opened, err := photo.Open(data, p.Type)
	if err != nil {
		return nil, nil, &badPhoto{err.Error()}
	}
	return opened, opened.Ready(a.limits), nil
}

// mostSlow is how many photos may cost all their time before no more are decoded
// (C24): a mail can hold hundreds.
const mostSlow = 3

// A picture can be of 14 kB and 49 megapixels, which take half a second, and a mail
// of 2 MB can hold a hundred (C24). No photo has so many pixels for its bytes, and
// of pictures that do not all are decoded.
const (
	pixelsEachByte = 40          // that a file pays for
	freePixels     = 400_000_000 // for a mail's pictures together
)

// affords tells whether a picture of so many bytes may be decoded after the others.
func (a *album) affords(p *photo.Picture, bytes int) bool {
	a.lock.Lock()
	defer a.lock.Unlock()
	a.pixels += p.Width*p.Height - pixelsEachByte*bytes
	return a.slow < mostSlow && a.pixels <= freePixels
}

// developed gives a photo by way of the darkroom, but for a HEIC that needs no more
// than to be made a JPEG. It came in so many bytes.
func (a *album) developed(ctx context.Context, room *darkroom, p *photo.Picture, bytes int) (file []byte, kind string, err error) {
	if !a.affords(p, bytes) {
		return nil, "", photo.ErrNotTried
	}
	if p.Width*p.Height > largePixels {
		a.large.Lock()
		defer a.large.Unlock()
	}
	was := p
	if p, err = p.Readable(ctx, a.dir); err != nil {
		return nil, "", err
	}
	if p != was {
		if file = a.untouched(p); file != nil {
			return file, p.Type, nil
		}
	}
	negative, turn := p.Negative()
	file, err = room.develop(ctx, negative, order{Side: a.limits.Side, Turn: turn, Bytes: a.limits.Bytes, Quality: photoQuality})
	if p.Width*p.Height > largePixels {
		room.close()
	}
	if err == nil {
		a.coding.Lock()
		defer a.coding.Unlock()
		file, err = photo.Finish(file)
	}
	return file, "image/jpeg", err
}

// untouched gives a photo with no pixel touched; nil if that will not do.
func (a *album) untouched(p *photo.Picture) []byte {
	a.coding.Lock()
	defer a.coding.Unlock()
	return p.Ready(a.limits)
}

// largePixels is how many pixels a picture may have without a new page for the
// next one: what it leaves behind is freed late, and some such pictures together
// are more memory than a mail may cost (C24). Two such are never at work at once.
const largePixels = 16_000_000

// extensions are what sites expect at the end of a file's name.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
}

// takePhotos waits until the photos are ready, and sees that they are enough.
func (r *run) takePhotos(ctx context.Context) error {
	if r.taken {
		return nil
	}
	r.taken = true
	if r.album != nil {
		waiting, cancel := context.WithDeadline(ctx, r.end)
		defer cancel()
		select {
		case <-r.album.ready:
		case <-waiting.Done():
			return cmp.Or(context.Cause(ctx), error(&trouble{fault: flow.Owner, err: inWords(flow.ErrPhotos, "the photos were not ready before the time for the whole run was up")}))
		}
		if r.album.failed != nil {
			return &trouble{fault: flow.Owner, err: r.album.failed}
		}
		r.photos, r.leftOut = r.album.files, r.album.leftOut
	}
	if err := r.enoughPhotos(); err != nil {
		return err
	}
	return r.learn(flow.PhotoCount, strconv.Itoa(len(r.photos)))
}

// enoughPhotos sees that there are as many photos as the site needs: without
// them it would take no ad (C23).
func (r *run) enoughPhotos() error {
	least := r.task.Flow.Photos.Least
	if len(r.photos) >= least {
		return nil
	}
	said := flow.TooFewPhotos(least, len(r.photos), r.leftOut)
	return &trouble{fault: flow.Sender, unfit: true, said: said, err: errors.New(said)}
}
