package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"mailapp/filter"
)

// secretLimit is the longest secret that is read, in bytes.
const secretLimit = 4096

// readSecret fetches a secret (C29): from a file that nobody else can read,
// from the environment, or from a program's first line of output. Its errors
// never hold the secret; they are for the owner.
func readSecret(ctx context.Context, s *filter.Settings, src filter.Source) (string, error) {
	var secret string
	var err error
	switch {
	case src.File != "":
		secret, err = secretFile(s.Path(src.File))
	case src.Env != "":
		secret = os.Getenv(src.Env)
	case len(src.Command) > 0:
		secret, err = secretCommand(ctx, src.Command)
	}
	secret, _, _ = strings.Cut(secret, "\n")
	secret = strings.TrimSuffix(secret, "\r")
	if err == nil && secret == "" {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("secret from %s: %w", describe(src), err)
	}
	return secret, nil
}

// secretsFor gives what filter needs to fetch a secret when it comes to it.
func secretsFor(ctx context.Context, s *filter.Settings) func(filter.Source) func() (string, error) {
	return func(src filter.Source) func() (string, error) {
		return func() (string, error) { return readSecret(ctx, s, src) }
	}
}

// describe names where a secret comes from.
func describe(src filter.Source) string {
	switch {
	case src.File != "":
		return "file " + src.File
	case src.Env != "":
		return "environment variable " + src.Env
	}
	return fmt.Sprintf("command %q", src.Command[0])
}

func secretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := private(f); err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(f, secretLimit))
	return string(data), err
}

// passwordFile tells what would keep an app's password from being read, where it
// is in a file. The environment and programs may differ at a delivery.
func passwordFile(s *filter.Settings, app *filter.App) error {
	if app.Password.File == "" {
		return nil
	}
	_, err := readSecret(context.Background(), s, app.Password)
	return err
}

// private refuses a file that others may read: whoever can read the password
// can post.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others; hint: chmod 600 %s", f.Name(), f.Name())
	}
	return nil
}

// secretCommand runs a program such as pass(1) without a shell.
func secretCommand(ctx context.Context, argv []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout = &out
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		return "", err
	}
	return out.String()[:min(out.Len(), secretLimit)], nil
}
