package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/filter/strictyaml"
	"mailapp/poster"
	"mailapp/poster/ledger"
)

func newAddressCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "address PERSON APP",
		Short: "Show the address with a secret by which a person posts to an app",
		Long: "Show the address with a secret in it by which a person posts to an app. Whoever\n" +
			"mails there in the person's name is taken for the person. Nothing is stored: the\n" +
			"secret is made from the person's key, and another key ends all its addresses.\n" +
			"If the key is a file that is not there, it is made.",
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			address, err := makeAddress(c, args[0], args[1])
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), address)
			}
			return err
		},
	}
	c.Flags().String("until", "", "the last `DAY` on which the address counts, such as 2027-01-31 (UTC)")
	return c
}

func makeAddress(c *cobra.Command, person, app string) (string, error) {
	until, err := untilFlag(c)
	if err != nil {
		return "", err
	}
	settings, err := settingsWithPeople(c.Context(), rulesFlag(c))
	if err != nil {
		return "", codeError{exitConfig, err}
	}
	who := settings.Person(person)
	if who == nil {
		return "", fmt.Errorf("there is no person %q%s", person, strictyaml.DidYouMean(person, settings.PersonNames()))
	}
	for _, a := range settings.PostAddresses(person) {
		if a.App != app {
			continue
		}
		key, err := addressKey(c, settings, who)
		if err != nil {
			return "", err
		}
		return secretAddress(a, person, key, until)
	}
	return "", fmt.Errorf("no rule posts what %q mails to an app %q; hint: mailapp check", person, app)
}

// untilFlag gives the zero time where no end is wanted.
func untilFlag(c *cobra.Command) (time.Time, error) {
	text, _ := c.Flags().GetString("until")
	if text == "" {
		return time.Time{}, nil
	}
	until, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return until, usageError("--until=%s: here belongs a day such as 2027-01-31", text)
	}
	if until.Before(time.Now().UTC().Truncate(24 * time.Hour)) {
		return until, usageError("--until=%s: that day is over", text)
	}
	return until, nil
}

// settingsWithPeople reads the rules and adds who has registered, without
// writing anything.
func settingsWithPeople(ctx context.Context, flag string) (*filter.Settings, error) {
	settings, err := loadSettings(flag)
	if err != nil {
		return nil, err
	}
	state, err := findState(settings)
	if err != nil {
		return nil, err
	}
	where, err := findLedger(ctx, settings, state)
	if err != nil {
		return nil, err
	}
	people, err := ledger.PeopleIn(ctx, where)
	if err != nil {
		return nil, err
	}
	return withPeople(settings, people), nil
}

// addressKey gives the key of a person's address secrets, and makes it where
// the settings name a file for it that is not there yet.
func addressKey(c *cobra.Command, s *filter.Settings, who *filter.Person) (string, error) {
	switch {
	case who.Key != "":
		return who.Key, nil
	case !who.Secret.IsSet():
		return "", fmt.Errorf("%s has no secret; hint: secret: {file: secrets/%s} among the person's lines in %s", who.Name, who.Name, s.File)
	}
	key, err := readSecret(c.Context(), s, who.Secret)
	if !errors.Is(err, fs.ErrNotExist) || who.Secret.File == "" {
		return key, err
	}
	path := s.Path(who.Secret.File)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	key = newKey()
	if err := poster.WriteSynced(path, []byte(key+"\n")); err != nil {
		return "", err
	}
	fmt.Fprintf(c.ErrOrStderr(), "made the key %s\n", path)
	return key, giveTo(s.File, path)
}

// giveTo gives a file that root has made to the owner of another one: mail is
// not handled by root, and who handles it must be able to read the key.
func giveTo(example, path string) error {
	info, err := os.Stat(example)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}
