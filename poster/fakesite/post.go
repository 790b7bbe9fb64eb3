package fakesite

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What a form may hold. Characters are Unicode code points.
const (
	maxTitle  = 100   // characters
	maxBody   = 20000 // characters
	maxPrice  = 30    // characters
	maxPhotos = 24
	maxDrafts = 16 // for one account; the oldest goes first, as drafts hold their photos in memory
)

type category struct{ Slug, Name string }

var categories = []category{
	{"for-sale", "For sale"},
	{"free-stuff", "Free stuff"},
	{"housing", "Housing"},
	{"jobs", "Jobs"},
	{"services", "Services"},
	{"community", "Community"},
}

var conditions = []string{"Used", "Like new", "New", "For parts"}

var photoTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

func findCategory(slug string) (category, bool) {
	i := slices.IndexFunc(categories, func(c category) bool { return c.Slug == slug })
	if i < 0 {
		return category{}, false
	}
	return categories[i], true
}

// field is how one field of the posting form stands in the markup.
type field struct{ Label, ID, Name string }

type markup struct {
	Title, Price, Body, Condition, Owner, Photos field
	Button                                       string
}

var usualMarkup = markup{
	Title:     field{"Title", "title", "title"},
	Price:     field{"Price", "price", "price"},
	Body:      field{"Description", "description", "description"},
	Condition: field{"Condition", "condition", "condition"},
	Owner:     field{"I am the owner", "owner", "owner"},
	Photos:    field{"Photos", "photos", "photos"},
	Button:    "Continue",
}

// newMarkup is the form after the redesign of the fault "markup-changed".
var newMarkup = markup{
	Title:     field{"Headline", "f-headline", "ad[headline]"},
	Price:     field{"Asking amount", "f-amount", "ad[amount]"},
	Body:      field{"Tell us more", "f-story", "ad[story]"},
	Condition: field{"State of the item", "f-state", "ad[state]"},
	Owner:     field{"This belongs to me", "f-mine", "ad[mine]"},
	Photos:    field{"Pictures", "f-pictures", "ad[pictures]"},
	Button:    "Next step",
}

// draft is an ad that is not published. It stays after it has been published,
// so that a second publish request makes a second ad.
type draft struct {
	ID     string
	Ad     Ad
	Photos []upload
}

// formPage is the posting form with what was entered and what is wrong with it.
type formPage struct {
	Category   category
	Markup     markup
	Conditions []string
	Ad         Ad
	Owner      bool
	Errors     []string
}

func (s *Site) showCategories(w http.ResponseWriter, r *http.Request, sess session) {
	s.render(w, sess, "categories.html", "What are you offering?", categories)
}

func (s *Site) showForm(w http.ResponseWriter, r *http.Request, sess session) {
	c, ok := findCategory(r.PathValue("category"))
	if !ok {
		s.notFound(w, r, sess)
		return
	}
	s.renderForm(w, sess, formPage{Category: c})
}

func (s *Site) renderForm(w http.ResponseWriter, sess session, f formPage) {
	if s.has(faultCaptcha) {
		s.render(w, sess, "captcha.html", "Are you human?", nil)
		return
	}
	f.Markup, f.Conditions = usualMarkup, conditions
	if s.has(faultMarkupChanged) {
		f.Markup = newMarkup
	}
	s.render(w, sess, "form.html", "Describe it", f)
}

// takeForm makes a draft of the form, or shows the form again with all that
// is wrong, status 200, the photos forgotten: as real sites do.
func (s *Site) takeForm(w http.ResponseWriter, r *http.Request, sess session) {
	c, ok := findCategory(r.PathValue("category"))
	switch {
	case !ok:
		s.notFound(w, r, sess)
		return
	case s.has(faultLoggedOut):
		s.end(sess)
		toLogin(w, r)
		return
	case s.has(faultCaptcha):
		s.renderForm(w, sess, formPage{})
		return
	}
	f, photos := readAd(r, c)
	f.Errors = append(s.mistakes(f), f.Errors...)
	if len(f.Errors) > 0 {
		s.renderForm(w, sess, f)
		return
	}
	f.Ad.Account = sess.account
	id := s.keepDraft(f.Ad, photos)
	http.Redirect(w, r, "/preview/"+id, http.StatusSeeOther)
}

// readAd takes the form apart, whichever markup it was shown with. What is
// wrong with the photos is among the page's errors.
func readAd(r *http.Request, c category) (formPage, []upload) {
	m := usualMarkup
	if r.PostForm.Has(newMarkup.Title.Name) {
		m = newMarkup
	}
	f := formPage{
		Category: c,
		Owner:    r.PostFormValue(m.Owner.Name) != "",
		Ad: Ad{
			Category:  c.Name,
			Title:     text(r, m.Title),
			Body:      text(r, m.Body),
			Price:     text(r, m.Price),
			Condition: cmp.Or(text(r, m.Condition), conditions[0]),
		},
	}
	photos, said := readPhotos(r, m.Photos)
	f.Errors = said
	return f, photos
}

// text is what was entered, without the white space around it and with the
// line ends LF, where forms send CR LF.
func text(r *http.Request, f field) string {
	return strings.TrimSpace(strings.ReplaceAll(r.PostFormValue(f.Name), "\r\n", "\n"))
}

// readPhotos returns the uploaded photos in their order, and what the page
// says to those that it does not take.
func readPhotos(r *http.Request, f field) (photos []upload, said []string) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	for _, fh := range r.MultipartForm.File[f.Name] {
		if fh.Filename == "" { // how browsers send a file input that was left empty
			continue
		}
		photo, err := readPhoto(fh)
		switch {
		case err != nil:
			said = append(said, fmt.Sprintf("%s could not be read", fh.Filename))
		case !slices.Contains(photoTypes, photo.Type):
			said = append(said, fmt.Sprintf("%s is not a JPEG, PNG, GIF or WebP picture", fh.Filename))
		}
		photos = append(photos, photo)
	}
	if len(photos) > maxPhotos {
		said = append(said, fmt.Sprintf("Too many photos: at most %d", maxPhotos))
	}
	return photos, said
}

func readPhoto(fh *multipart.FileHeader) (upload, error) {
	file, err := fh.Open()
	if err != nil {
		return upload{}, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	return upload{
		Photo: Photo{Name: fh.Filename, Type: http.DetectContentType(data), Size: len(data), SHA256: sha256Hex(data)},
		data:  data,
	}, err
}

// mistakes lists what is wrong with the texts, in the order of the form.
func (s *Site) mistakes(f formPage) []string {
	checks := []struct {
		wrong bool
		say   string
	}{
		{f.Ad.Title == "", "Title required"},
		{utf8.RuneCountInString(f.Ad.Title) > maxTitle, fmt.Sprintf("Title too long: at most %d characters", maxTitle)},
		{f.Ad.Price == "" && s.has(faultPriceRequired), "Price required"},
		{utf8.RuneCountInString(f.Ad.Price) > maxPrice, fmt.Sprintf("Price too long: at most %d characters", maxPrice)},
		{f.Ad.Body == "", "Description required"},
		{utf8.RuneCountInString(f.Ad.Body) > maxBody, fmt.Sprintf("Description too long: at most %d characters", maxBody)},
		{!slices.Contains(conditions, f.Ad.Condition), "Choose a condition from the list"},
		{!f.Owner, "Please confirm that you are the owner"},
	}
	var said []string
	for _, c := range checks {
		if c.wrong {
			said = append(said, c.say)
		}
	}
	return said
}

func (s *Site) keepDraft(ad Ad, photos []upload) (id string) {
	d := draft{ID: rand.Text(), Ad: ad, Photos: photos}
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := append(s.drafts[ad.Account], d)
	if len(mine) > maxDrafts {
		mine = slices.Delete(mine, 0, 1)
	}
	s.drafts[ad.Account] = mine
	return d.ID
}

// draft returns the account's own draft; another's is as good as none.
func (s *Site) draft(account, id string) (draft, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.drafts[account]
	i := slices.IndexFunc(mine, func(d draft) bool { return d.ID == id })
	if i < 0 {
		return draft{}, false
	}
	return mine[i], true
}

func (s *Site) showPreview(w http.ResponseWriter, r *http.Request, sess session) {
	d, ok := s.draft(sess.account, r.PathValue("draft"))
	if !ok {
		s.notFound(w, r, sess)
		return
	}
	s.render(w, sess, "preview.html", "Check your ad", d)
}

// publish makes an ad of the draft, each time it is asked to.
func (s *Site) publish(w http.ResponseWriter, r *http.Request, sess session) {
	if s.has(faultError500) {
		s.fail(w, sess, http.StatusInternalServerError, "Something went wrong. Please try again later.")
		return
	}
	d, ok := s.draft(sess.account, r.PathValue("draft"))
	if !ok {
		s.notFound(w, r, sess)
		return
	}
	d.Ad.Posted = time.Now().UTC().Truncate(time.Second)
	ad, err := s.store.add(d.Ad, d.Photos)
	switch {
	case err != nil:
		s.fail(w, sess, http.StatusInternalServerError, "Your ad could not be stored.")
	case s.has(faultAnswerLost):
		loseAnswer(w)
	default:
		http.Redirect(w, r, ad.URL, http.StatusSeeOther)
	}
}
