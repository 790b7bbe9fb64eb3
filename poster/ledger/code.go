package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Codes prove that somebody reads the mail of an address: a code is mailed
// there, and a reply brings it back. They are used once and expire, and so few
// are mailed that nobody can be flooded by asking for them in another's name.

// CodeLimit says how many codes are mailed.
type CodeLimit struct {
	Address int // to one address within Window
	Total   int // in all within Window, about whatever begins with the same Kind
	Window  time.Duration
	Expires time.Duration // after which a code counts no more
}

// ErrEnough means that enough codes have been mailed for now.
var ErrEnough = errors.New("enough codes have been mailed for now")

// NewCode makes a code to be mailed to the address, or ErrEnough. kind and
// about say what it is good for. Until SentCode is called it counts as not
// mailed, so that a mail that could not leave is tried again.
func (l *Ledger) NewCode(ctx context.Context, kind, about, address string, limit CodeLimit, now time.Time) (string, error) {
	var random [12]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	code := codeText.EncodeToString(random[:])
	err := l.transact(ctx, func(tx *sql.Tx) error {
		since := now.Add(-limit.Window).UnixMilli()
		if _, err := tx.ExecContext(ctx, `DELETE FROM code WHERE expires < ? AND created < ?`, now.UnixMilli(), since); err != nil {
			return err
		}
		var here, all int
		err := tx.QueryRowContext(ctx, `
			SELECT count(*) FILTER (WHERE address = ? AND about = ?), count(*)
			FROM code WHERE sent = 1 AND created > ? AND substr(about, 1, length(?)) = ?`,
			address, kind+about, since, kind, kind).Scan(&here, &all)
		if err != nil {
			return err
		}
		if here >= limit.Address || all >= limit.Total {
			return ErrEnough
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO code (hash, about, address, created, expires) VALUES (?, ?, ?, ?, ?)`,
			hashCode(code), kind+about, address, now.UnixMilli(), now.Add(limit.Expires).UnixMilli())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return code, nil
}

// SentCode records that the code has been mailed.
func (l *Ledger) SentCode(ctx context.Context, code string) error {
	if _, err := l.db.ExecContext(ctx, `UPDATE code SET sent = 1 WHERE hash = ?`, hashCode(code)); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Code gives what a code is good for that was mailed to this address:
// ErrUnknown if it was not, is used up, or has expired.
func (l *Ledger) Code(ctx context.Context, kind, code, address string, now time.Time) (about string, err error) {
	err = l.db.QueryRowContext(ctx, `
		SELECT substr(about, length(?1) + 1) FROM code
		WHERE hash = ?2 AND address = ?3 AND expires >= ?4 AND substr(about, 1, length(?1)) = ?1`,
		kind, hashCode(code), address, now.UnixMilli()).Scan(&about)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", ErrUnknown
	case err != nil:
		return "", fmt.Errorf("ledger: %w", err)
	}
	return about, nil
}

// UseCode uses up all codes that are good for the same as this one.
func (l *Ledger) UseCode(ctx context.Context, code string) error {
	_, err := l.db.ExecContext(ctx, `
		DELETE FROM code WHERE (about, address) IN (SELECT about, address FROM code WHERE hash = ?)`, hashCode(code))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// codeText is how codes are written: letters and digits that survive being
// folded, quoted and put into lower case.
var codeText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func hashCode(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
