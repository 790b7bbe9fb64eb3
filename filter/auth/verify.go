package auth

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// go-msgauth does the arithmetic of DKIM and is given no more than it must
// have: one signature at a time, the header as it was judged with only the
// fields that are signed, and the key record that was checked. It asks no DNS
// itself, and what it is lax about was refused before (signature.go).

// verified has go-msgauth verify the only signature in a message.
func verified(message io.Reader, key []string) error {
	answers, err := dkim.VerifyWithOptions(message, &dkim.VerifyOptions{
		LookupTXT: func(string) ([]string, error) { return key, nil },
	})
	switch {
	case errors.Is(err, errBareCR), errors.Is(err, errEmpty):
		return err
	case err != nil:
		return fmt.Errorf("%w: reading the message: %w", ErrTemporary, err)
	case len(answers) != 1:
		return errors.New("it cannot be read")
	case answers[0].Err != nil:
		return fmt.Errorf("%s (RFC 6376 §6.1.3)", shown(strings.TrimPrefix(answers[0].Err.Error(), "dkim: ")))
	}
	return nil
}
