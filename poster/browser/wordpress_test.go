//go:build unix

package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailapp/poster/flow"
)

// wordpress is a real WordPress, as Debian packages it, with a database of its
// own, in a scratch directory and on a loopback port.
type wordpress struct {
	url, dir string
	env      []string
}

const (
	wordpressRoot     = "/usr/share/wordpress"
	wordpressPassword = "s3cret pass"
)

// One author for each test, since the editor greets each once.
var wordpressAuthors = []string{"block", "block-bare", "block-fails", "classic", "classic-bare", "classic-fails"}

// installed finds a program, perhaps in root's path only. Where it is not there,
// the test is skipped, unless all tests of sites are wanted.
func installed(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	lacking(t, name)
	return ""
}

func lacking(t *testing.T, what string) {
	t.Helper()
	t.Fatalf("%s is not installed; hint: .ci/need wordpress", what)
}

func newWordpress(t *testing.T) *wordpress {
	t.Helper()
	if os.Getenv("MAILAPP_TEST_SITES") == "" {
		t.Skip("a whole WordPress is left to make test-sites")
	}
	mariadb, install, php := installed(t, "mariadbd"), installed(t, "mariadb-install-db"), installed(t, "php")
	if _, err := os.Stat(filepath.Join(wordpressRoot, "wp-load.php")); err != nil {
		lacking(t, wordpressRoot)
	}
	dir, err := os.MkdirTemp("", "blog") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &wordpress{dir: dir}
	port := freePort(t)
	w.url = "http://" + port
	w.env = append(os.Environ(), "BLOG_URL="+w.url, "BLOG_SOCKET="+w.path("socket"), "PHP_CLI_SERVER_WORKERS=4")
	w.lay(t)
	w.database(t, mariadb, install)
	settings := []string{"-d", "sendmail_path=/bin/true", "-d", "opcache.enable_cli=1"}
	w.do(t, php, append(settings, append([]string{"testdata/sites/wordpress/setup.php", w.path("root"), wordpressPassword}, wordpressAuthors...)...)...)
	w.serve(t, php, append(settings, "-S", port, "-t", w.path("root"))...)
	eventually(t, 30*time.Second, "WordPress answers", func() bool {
		answer, err := http.Get(w.url + "/wp-login.php")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil && answer.StatusCode == http.StatusOK
	})
	return w
}

func (w *wordpress) path(name string) string { return filepath.Join(w.dir, name) }

// lay copies the program, which writes photos below its own directory.
func (w *wordpress) lay(t *testing.T) {
	t.Helper()
	w.do(t, "cp", "-rL", wordpressRoot, w.path("root"))
	for _, dir := range []string{"root/wp-content/mu-plugins", "db"} {
		if err := os.MkdirAll(w.path(dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{"wp-config.php": "root/wp-config.php", "editors.php": "root/wp-content/mu-plugins/editors.php"} {
		data, err := os.ReadFile(filepath.Join("testdata/sites/wordpress", from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(w.path(to), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *wordpress) database(t *testing.T, mariadb, install string) {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	common := []string{"--no-defaults", "--user=" + me.Username, "--datadir=" + w.path("db")}
	w.do(t, install, append(common, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")...)
	w.serve(t, mariadb, append(common, "--socket="+w.path("socket"), "--pid-file="+w.path("pid"), "--skip-networking",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M")...)
	eventually(t, 30*time.Second, "the database listens", func() bool {
		_, err := os.Stat(w.path("socket"))
		return err == nil
	})
}

// do runs a program to its end.
func (w *wordpress) do(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = w.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
}

// serve runs a program, with those that it starts itself, until the test ends.
func (w *wordpress) serve(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = w.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// article is a post or a photo of the library, as the site's own interface
// tells of it.
type article struct {
	ID      int
	Link    string
	Title   struct{ Rendered string }
	Content struct{ Rendered string }
	Source  string `json:"source_url"`
}

// ask gives what the public may know.
func (w *wordpress) ask(t *testing.T, what string, query url.Values) []article {
	t.Helper()
	query.Set("rest_route", "/wp/v2/"+what)
	query.Set("per_page", "100")
	answer, err := http.Get(w.url + "/?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all []article
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatalf("%v: %.300s", err, data)
	}
	return all
}

// named gives the posts of a title.
func (w *wordpress) named(t *testing.T, title string) []article {
	t.Helper()
	return slices.DeleteFunc(w.ask(t, "posts", url.Values{}), func(a article) bool {
		return html.UnescapeString(a.Title.Rendered) != title
	})
}

// photograph makes a real picture, since the site looks into each.
func photograph(t *testing.T, n int) flow.Photo {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for x := range 320 {
		for y := range 240 {
			picture.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(80 * n), 255})
		}
	}
	var data bytes.Buffer
	if err := jpeg.Encode(&data, picture, nil); err != nil {
		t.Fatal(err)
	}
	return newPhoto(fmt.Sprint("photo ", n), "image/jpeg", data.Bytes())
}

// post is a visit that writes about a garden.
func (w *wordpress) post(author string) visit {
	v := visit{flow: "wordpress.yaml", password: wordpressPassword, values: map[string]string{
		"site": w.url, "account": author, "title": "The garden of " + author,
		"body": "Roses & <thorns> are out.\n\n1. It rained on Monday.\n\n/ is a slash, # none.\n\nMore next week.",
	}}
	if strings.HasPrefix(author, "classic") {
		v.flow = "wordpress-classic.yaml"
	}
	return v
}

// TestWordpress posts to a real WordPress with each of its editors, twice by
// each author: the first time the block editor welcomes them, the second time
// they are still logged in.
func TestWordpress(t *testing.T) {
	chromium(t)
	w := newWordpress(t)
	for author, photos := range map[string]int{"block": 3, "block-bare": 0, "classic": 3, "classic-bare": 0} {
		t.Run(author, func(t *testing.T) {
			t.Parallel()
			v := w.post(author)
			v.sessions = &locker{}
			for n := range photos {
				v.photos = append(v.photos, photograph(t, n+1))
			}
			first := v.must(t)
			w.check(t, v, first)
			v.values["title"] = "Again: " + v.values["title"]
			v.password = "wrong" // and not needed any more
			w.check(t, v, v.must(t))
			if v.flow == "wordpress.yaml" && !welcomed(first) {
				t.Error("there was no guide to be closed")
			}
		})
	}
	for _, author := range []string{"block-fails", "classic-fails"} {
		t.Run(author, func(t *testing.T) {
			t.Parallel()
			w.mustRefuse(t, author)
		})
	}
}

// welcomed tells whether the editor's guide was closed.
func welcomed(r flow.Result) bool {
	return slices.ContainsFunc(r.Trace, func(s flow.TraceStep) bool { return s.Step == `if "css/.components-modal__frame"` && s.Note == "yes" })
}

// mustRefuse sees what becomes of a wrong password, and of a step that would leave
// the editor with what was written in it: nothing is published.
func (w *wordpress) mustRefuse(t *testing.T, author string) {
	t.Helper()
	v := w.post(author)
	v.password = "wrong"
	v.mustFail(t, flow.Owner, "Error: The password you entered for the username "+author+" is incorrect. Lost your password?")
	v.password, v.before = wordpressPassword, `open: "{{site}}/wp-admin/"`
	_, failure := v.run(t)
	if failure == nil || failure.Published || !strings.Contains(failure.Error(), "asked whether to leave it") {
		t.Errorf("left the editor: %v", failure)
	}
	if posts := w.named(t, v.values["title"]); len(posts) > 0 {
		t.Errorf("published %v", posts)
	}
}

var (
	paragraphs = regexp.MustCompile(`(?s)<p[^>]*>(.*?)</p>`)
	tags       = regexp.MustCompile(`<[^>]+>`)
	pictures   = regexp.MustCompile(`<img[^>]+src="([^"]+)"`)
)

// check sees that there is one such post, that readers see its paragraphs and
// photos as they were sent, and that the link leads to it.
func (w *wordpress) check(t *testing.T, v visit, result flow.Result) {
	t.Helper()
	posts := w.named(t, v.values["title"])
	if len(posts) != 1 {
		t.Fatalf("%d posts are called %q", len(posts), v.values["title"])
	}
	post := posts[0]
	var texts []string
	for _, p := range paragraphs.FindAllStringSubmatch(post.Content.Rendered, -1) {
		text := html.UnescapeString(tags.ReplaceAllString(p[1], ""))
		if !strings.Contains(p[1], "<img") {
			texts = append(texts, text)
		}
	}
	if want := strings.Split(v.values["body"], "\n\n"); !slices.Equal(texts, want) {
		t.Errorf("the paragraphs are %q, want %q", texts, want)
	}
	w.checkPhotos(t, v, post)
	if result.Values["url"] != post.Link || result.Values["number"] != fmt.Sprint(post.ID) {
		t.Errorf("read %v, want %s and %d", result.Values, post.Link, post.ID)
	}
}

func (w *wordpress) checkPhotos(t *testing.T, v visit, post article) {
	t.Helper()
	shown := pictures.FindAllStringSubmatch(post.Content.Rendered, -1)
	library := w.ask(t, "media", url.Values{"parent": {fmt.Sprint(post.ID)}})
	slices.SortFunc(library, func(a, b article) int { return strings.Compare(a.Source, b.Source) }) // by their names
	if len(shown) != len(v.photos) || len(library) != len(v.photos) {
		t.Fatalf("%d photos are in the post and %d in the library, want %d\n%s", len(shown), len(library), len(v.photos), post.Content.Rendered)
	}
	for i, photo := range library {
		name, _, _ := strings.Cut(filepath.Base(photo.Source), ".jpg")
		answer, err := http.Get(photo.Source)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || !bytes.Equal(data, dataOf(v.photos[i])) {
			t.Errorf("photo %d of the library is another: %v", i+1, err)
		}
		if !strings.Contains(shown[i][1], name) {
			t.Errorf("photo %d in the post is %s, want %s", i+1, shown[i][1], name)
		}
	}
}
