// Package peer is what the clients that post in the bench have in common: what
// they are to post, and how they are told to. A client is a program with one
// argument:
//
//	cold   start a browser, post one ad, print its address, end
//	warm   start a browser, print "ready", then post as each line of standard
//	       input says, "ADS TABS": so many ads, so many of them at once; then
//	       print "done"; end with standard input
package peer

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// Work is what is to be posted, and where.
type Work struct {
	Site    string   // the address of the fake site
	Browser string   // the path of the program
	Photos  []string // paths
	Picture bool     // one is to be taken of the ad's page, with the photos in it
}

// The ad and the account, as the bench's mail and rules have them.
const (
	Account  = "fred@example.org"
	Password = "correct horse"
	Title    = "Sofa, two seats, petrol blue"
	Price    = "$40"
	Body     = "Very comfortable, no pets, no smoke.\n\nCollect it in the evening."
	Category = "For sale"
	Choice   = "Used"
)

// Client has a browser that is running. Post may be called several times at
// once; each call has nothing of another's, such as its login.
type Client interface {
	Post() (url string, err error)
	Close()
}

// Main does what the program's argument says by a client that start gives.
func Main(start func(Work) (Client, error)) {
	w := Work{
		Site: os.Getenv("BENCH_SITE"), Browser: os.Getenv("BENCH_BROWSER"),
		Photos: strings.Split(os.Getenv("BENCH_PHOTOS"), ":"), Picture: os.Getenv("BENCH_PICTURE") != "",
	}
	if err := do(os.Args[len(os.Args)-1], w, start); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func do(mode string, w Work, start func(Work) (Client, error)) error {
	c, err := start(w)
	if err != nil {
		return err
	}
	defer c.Close()
	if mode == "warm" {
		return serve(c)
	}
	url, err := c.Post()
	fmt.Println(url)
	return err
}

// serve posts as standard input says.
func serve(c Client) error {
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var ads, tabs int
		if _, err := fmt.Sscan(lines.Text(), &ads, &tabs); err != nil {
			return err
		}
		if err := postAll(c, ads, tabs); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return lines.Err()
}

func postAll(c Client, ads, tabs int) error {
	todo := make(chan bool, ads)
	for range ads {
		todo <- true
	}
	close(todo)
	errs := make([]error, tabs)
	var wg sync.WaitGroup
	for i := range tabs {
		wg.Go(func() {
			for range todo {
				if _, err := c.Post(); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
