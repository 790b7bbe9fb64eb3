package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A mailbox is where batch finds mails: a Maildir, an mbox file, or one mail in
// a file of its own. Only in a Maildir does anything change: a mail that is done
// is renamed, in one step, so that it is never lost, and never half moved. The
// two files are read and left alone.

// mailbox is a Maildir that nobody else works at, or a file.
type mailbox struct {
	path  string
	mails []*boxMail // the oldest first
	lock  *os.File   // of a Maildir, else nil
}

// boxMail is one mail of a mailbox.
type boxMail struct {
	source
	name string   // for people: the path below the Maildir, or the like
	at   *inFiles // where it is in a Maildir, else nil
}

// errTaken tells that another process has locked the directory; of a Maildir that
// is another batch.
var errTaken = errors.New("another batch is at work on it")

// openMailbox finds what is to be done. The error is errTaken where that is
// somebody else's already.
func openMailbox(path string) (*mailbox, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	b := &mailbox{path: path}
	switch {
	case info.IsDir():
		err = b.openMaildir()
	case info.Mode().IsRegular():
		if path, err = filepath.EvalSymlinks(path); err == nil {
			b.mails, err = mailsIn(path, info.Size())
		}
	default:
		err = fmt.Errorf("%s is neither a Maildir nor a file", path)
	}
	if err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *mailbox) close() error {
	if b.lock == nil {
		return nil
	}
	return b.lock.Close()
}

// openMaildir locks the directory itself, so that nothing is left behind in it,
// and lists what nobody has seen.
func (b *mailbox) openMaildir() (err error) {
	for _, sub := range []string{"new", "cur"} {
		if info, err := os.Stat(filepath.Join(b.path, sub)); err != nil || !info.IsDir() {
			return fmt.Errorf("%s is no Maildir: there is no directory %s in it", b.path, sub)
		}
	}
	if b.lock, err = lockDir(b.path); err != nil {
		return err
	}
	b.mails, err = unseen(b.path)
	return err
}

// lockDir locks a directory until the file that it gives is closed. The error is
// errTaken where another process has done so.
func lockDir(dir string) (*os.File, error) {
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = errTaken
	case err != nil:
		err = fmt.Errorf("locking %s: %w", dir, err)
	default:
		return lock, nil
	}
	return nil, errors.Join(err, lock.Close())
}

// inFiles is a mail's place in a Maildir.
type inFiles struct {
	root string // of the Maildir
	sub  string // new or cur
	base string // of the file's name, which stays
	info string // behind it: the flags, as in ":2,S", or ""
}

func (f *inFiles) path() string { return filepath.Join(f.root, f.sub, f.base+f.info) }

// unseen lists the mails in new, and those in cur without the flag S.
func unseen(root string) ([]*boxMail, error) {
	var found []aged
	for _, sub := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(root, sub))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			base, info := cutInfo(e.Name())
			if !e.Type().IsRegular() || strings.HasPrefix(base, ".") || sub == "cur" && strings.Contains(info, "S") {
				continue
			}
			file, err := e.Info()
			if err != nil {
				continue // taken away since
			}
			at := &inFiles{root, sub, base, info}
			found = append(found, aged{ageOf(base, file), &boxMail{
				source: source{Path: at.path(), Size: file.Size()}, name: filepath.Join(sub, e.Name()), at: at,
			}})
		}
	}
	slices.SortFunc(found, aged.compare)
	mails := make([]*boxMail, len(found))
	for i, f := range found {
		mails[i] = f.mail
	}
	return mails, nil
}

// cutInfo divides a file's name into what is the mail's own, and its flags with
// the colon before them.
func cutInfo(name string) (base, info string) {
	if at := strings.LastIndex(name, ":2,"); at > 0 {
		return name[:at], name[at:]
	}
	return name, ""
}

// aged is a letter with what its order depends on: the second in which it was
// delivered, then what there is to tell mails of one second apart.
type aged struct {
	age  [3]int64
	mail *boxMail
}

func (a aged) compare(b aged) int {
	if order := slices.Compare(a.age[:], b.age[:]); order != 0 {
		return order
	}
	return strings.Compare(a.mail.at.base, b.mail.at.base)
}

// ageOf reads the time in a name such as 1700000000.M123456P42.host, or else
// takes the file's.
func ageOf(base string, file os.FileInfo) [3]int64 {
	seconds, rest, _ := strings.Cut(base, ".")
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		at = file.ModTime().Unix()
	}
	micros := int64(0)
	if tail, ok := strings.CutPrefix(rest, "M"); ok {
		digits := strings.IndexFunc(tail, func(r rune) bool { return r < '0' || r > '9' })
		micros, _ = strconv.ParseInt(tail[:max(digits, 0)], 10, 64) // 0 if there are none
	}
	return [3]int64{at, micros, file.ModTime().UnixNano()}
}

// file is the mail once its handling is done: in the folder of that name
// (Posted, Refused, Held) where there is one, else in cur, flagged as seen
// in either; its name is that of the new place then. A mail that somebody has moved
// meanwhile is looked for, and one that is gone is nobody's loss.
func (l *boxMail) file(folder string) error {
	if l.at == nil {
		return nil
	}
	from, ok := l.at.find()
	if !ok {
		return nil
	}
	to := inFiles{from.root, "cur", from.base, withSeen(from.info)}
	if root := folderOf(from.root, folder); root != "" {
		to.root = root
	}
	now, err := from.moveTo(to)
	if errors.Is(err, syscall.EXDEV) { // the folder is on another disk: no rename leads there
		to.root = from.root
		now, err = from.moveTo(to)
	}
	if name, bad := filepath.Rel(from.root, now.path()); bad == nil {
		l.name = name
	}
	return err
}

// find gives where the mail is now: a mail reader may have moved it from new to
// cur, or given it flags.
func (f *inFiles) find() (inFiles, bool) {
	if _, err := os.Lstat(f.path()); err == nil {
		return *f, true
	}
	for _, sub := range []string{"cur", "new"} {
		entries, err := os.ReadDir(filepath.Join(f.root, sub))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if base, info := cutInfo(e.Name()); base == f.base {
				return inFiles{f.root, sub, base, info}, true
			}
		}
	}
	return inFiles{}, false
}

// moveTo renames the mail and gives where it is then; one of the same name that
// is there already is not overwritten.
func (f *inFiles) moveTo(to inFiles) (inFiles, error) {
	name := to.base
	for i := 2; *f != to; i++ {
		if _, err := os.Lstat(to.path()); err != nil {
			break
		}
		to.base = fmt.Sprintf("%s_%d", name, i)
	}
	if err := os.Rename(f.path(), to.path()); err != nil {
		return *f, err
	}
	return to, nil
}

// withSeen adds the flag S; flags stand in the order of ASCII.
func withSeen(info string) string {
	flags := []rune(strings.TrimPrefix(info, ":2,"))
	if !slices.Contains(flags, 'S') {
		flags = append(flags, 'S')
	}
	slices.Sort(flags)
	return ":2," + string(flags)
}

// folderOf gives the directory of a folder, as Maildir++ names it, below the
// Maildir or, where that is such a folder itself, below it; "" if there is none.
func folderOf(root, folder string) string {
	if folder == "" {
		return ""
	}
	clean := filepath.Clean(root)
	candidates := []string{filepath.Join(clean, "."+folder)}
	if name := filepath.Base(clean); strings.HasPrefix(name, ".") && len(name) > 1 && name != ".." {
		candidates = append(candidates, clean+"."+folder)
	}
	for _, dir := range candidates {
		if info, err := os.Stat(filepath.Join(dir, "cur")); err == nil && info.IsDir() {
			return dir
		}
	}
	return ""
}

// source is where the bytes of a mail are.
type source struct {
	Path   string
	Offset int64
	Size   int64
	InMbox bool // lines of it that begin with "From " are quoted
	// Forgeable: in this mbox they may not be, so that it may be the text of another
	// mail.
	Forgeable bool
}

// open gives the mail as a file of its own, and its size. One in an mbox is
// copied into dir, where it has no name.
func (s source) open(dir string) (*os.File, int64, error) {
	f, err := os.OpenFile(s.Path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	if !s.InMbox {
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is no plain file", s.Path)
		}
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		return f, info.Size(), nil
	}
	defer f.Close()
	spool, err := newSpool(dir)
	if err != nil {
		return nil, 0, err
	}
	size, err := unquote(spool, io.NewSectionReader(f, s.Offset, s.Size))
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, 0, errors.Join(err, spool.Close())
	}
	return spool, size, nil
}
