package fakesite

import (
	"net/http"
	"time"
)

// What one can do with an ad of one's own. Another's is as good as none.

// done is what a page says after it, by the query that leads there.
var done = map[string]string{
	"changed": "Your ad is changed",
	"renewed": "Your ad is on top again",
	"deleted": "Your ad is deleted",
}

// owner wraps a page that only the owner of an ad sees.
func (s *Site) owner(h func(http.ResponseWriter, *http.Request, session, Ad)) http.HandlerFunc {
	return s.member(func(w http.ResponseWriter, r *http.Request, sess session) {
		ad, ok := s.adOf(r)
		if !ok || ad.Account != sess.account {
			s.notFound(w, r, sess)
			return
		}
		h(w, r, sess, ad)
	})
}

func (s *Site) showEdit(w http.ResponseWriter, r *http.Request, sess session, ad Ad) {
	s.render(w, sess, "edit.html", "Edit your ad", formPage{Markup: usualMarkup, Ad: ad})
}

// edit changes the texts; the photos stay as they are.
func (s *Site) edit(w http.ResponseWriter, r *http.Request, sess session, ad Ad) {
	m := usualMarkup
	ad.Title, ad.Price, ad.Body = text(r, m.Title), text(r, m.Price), text(r, m.Body)
	f := formPage{Markup: m, Ad: ad, Owner: true}
	if f.Errors = s.mistakes(f); len(f.Errors) > 0 {
		s.render(w, sess, "edit.html", "Edit your ad", f)
		return
	}
	s.leadOn(w, r, sess, s.store.change(ad, false), ad.URL+"?done=changed")
}

// renew puts the ad on top of all lists.
func (s *Site) renew(w http.ResponseWriter, r *http.Request, sess session, ad Ad) {
	ad.Posted = time.Now().UTC().Truncate(time.Second)
	s.leadOn(w, r, sess, s.store.change(ad, true), ad.URL+"?done=renewed")
}

func (s *Site) showDelete(w http.ResponseWriter, r *http.Request, sess session, ad Ad) {
	s.render(w, sess, "delete.html", "Delete your ad?", ad)
}

func (s *Site) remove(w http.ResponseWriter, r *http.Request, sess session, ad Ad) {
	ad.Deleted = true
	s.leadOn(w, r, sess, s.store.change(ad, false), "/my?done=deleted")
}

// leadOn ends a change of an ad: by the page where that leads, or an error.
func (s *Site) leadOn(w http.ResponseWriter, r *http.Request, sess session, err error, to string) {
	if err != nil {
		s.fail(w, sess, http.StatusInternalServerError, "Your ad could not be stored.")
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
