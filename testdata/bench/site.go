package main

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"

	"bench/peer"
	"mailapp/poster/fakesite"
)

// site is the fake site at one address, which is made anew for each post: no
// client pays for another's ads.
type site struct {
	url string
	now atomic.Pointer[fakesite.Site]
}

func newSite() (*site, error) {
	s := &site{}
	if err := s.empty(); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.url = "http://" + l.Addr().String()
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.now.Load().ServeHTTP(w, r) }))
	return s, nil
}

// empty makes the site one without ads, which keeps all in memory.
func (s *site) empty() error {
	fresh, err := fakesite.New("")
	if err != nil {
		return err
	}
	fresh.AddAccount(peer.Account, peer.Password)
	s.now.Store(fresh)
	return nil
}

// check sees that the site has what was to be posted and nothing else.
func (s *site) check(ads, photos int) error {
	got := s.now.Load().Ads()
	if len(got) != ads {
		return fmt.Errorf("the site has %d ads, not %d", len(got), ads)
	}
	for _, ad := range got {
		if len(ad.Photos) != photos || ad.Body != peer.Body || ad.Condition != peer.Choice {
			return fmt.Errorf("ad %d is not as it should be: %d photos, %q", ad.ID, len(ad.Photos), ad.Body)
		}
	}
	return nil
}
