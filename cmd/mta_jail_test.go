package cmd

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// jailer runs a command in namespaces of its own. The first user there has the
// id jailUID, the next the next.
const (
	jailer  = "unshare"
	jailUID = 941
)

// jail gives the beginning of a command line for a server whose package cannot
// be installed beside the machine's own mail server. It downloads the packages
// from Debian and unpacks them below the place; the command then runs in a
// mount namespace where they are laid over /usr, /etc and /var, with users of
// its own. All else on the machine sees nothing of it, and when the command
// ends, or we do, all that it has started ends.
func (p *place) jail(users []string, packages ...string) []string {
	p.Helper()
	p.needs("apt-get", "dpkg", jailer)
	p.must(os.MkdirAll(p.path("debs"), 0o755))
	get := exec.Command("apt-get", append([]string{"download", "-qq", "-o", "APT::Sandbox::User=root"}, packages...)...)
	get.Dir = p.path("debs")
	if out, err := get.CombinedOutput(); err != nil {
		p.cannot("its packages cannot be had: %v\n%s", err, out)
	}
	debs, _ := filepath.Glob(p.path("debs/*.deb"))
	for _, deb := range debs {
		out, err := exec.Command("dpkg", "-x", deb, p.path("unpacked")).CombinedOutput()
		if err != nil {
			p.Fatalf("%v\n%s", err, out)
		}
	}
	for i, user := range users {
		p.extend("passwd", fmt.Sprintf("%[1]s:x:%[2]d:%[2]d::/nonexistent:/usr/sbin/nologin\n", user, jailUID+i))
		p.extend("group", fmt.Sprintf("%s:x:%d:\n", user, jailUID+i))
	}
	p.write("jail", jailScript)
	p.must(os.MkdirAll(p.path("spool"), 0o755))
	prefix := []string{jailer, "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", p.path("jail"), p.dir}
	if out, err := exec.Command(prefix[0], append(prefix[1:], "true")...).CombinedOutput(); err != nil {
		p.cannot("no namespace of its own: %v\n%s", err, out)
	}
	return prefix
}

const jailScript = `set -e
dir=$1; shift
mkdir -p "$dir/over"
mount -t tmpfs tmpfs "$dir/over"
for d in usr etc var; do
	mkdir -p "$dir/unpacked/$d" "$dir/over/$d/upper" "$dir/over/$d/work"
	mount -t overlay -o "lowerdir=$dir/unpacked/$d:/$d,upperdir=$dir/over/$d/upper,workdir=$dir/over/$d/work" overlay "/$d"
done
mount --bind "$dir/spool" /var/spool
mount -t tmpfs tmpfs /run
"$@" # without exec: all else dies with this shell, and it with unshare
exit
`

// extend adds a line to the jail's copy of a file of /etc.
func (p *place) extend(name, line string) {
	p.Helper()
	copied := p.path("unpacked/etc/" + name)
	text, err := os.ReadFile(copied)
	if err != nil {
		text, err = os.ReadFile("/etc/" + name)
	}
	p.must(err)
	p.write("unpacked/etc/"+name, string(text)+line)
}

// spooled tells whether a mail is in the queue of the jail's server.
func (p *place) spooled(id string) (found bool) {
	_ = filepath.WalkDir(p.path("spool"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			data, err := os.ReadFile(path)
			found = found || err == nil && bytes.Contains(data, []byte(sender(id)))
		}
		return nil // what goes away meanwhile is not in the queue
	})
	return found
}

// settle waits until the server has done what its log says: sent the bounce
// back, or kept the mail.
func (p *place) settle(id string, f fate) fate {
	p.Helper()
	switch f.end {
	case "later":
		p.waitFor(id+" in the queue", func() bool { return p.spooled(id) })
	case "bounced":
		p.waitFor("bounce for "+id, func() bool { f.text = p.bounce(id); return f.text != "" })
	}
	if m := ourLine.FindStringSubmatch(unfolded(f.text)); m != nil {
		f.status = m[1]
	}
	return f
}
