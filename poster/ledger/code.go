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
	"strings"
	"time"
)

// Codes prove that somebody reads the mail of an address: a code is mailed
// there, and a reply brings it back. They are used once and expire, and so few
// are mailed that nobody can be flooded by asking for them in another's name.

// CodeLimit says how many codes are mailed within Window, and how long they
// count.
type CodeLimit struct {
	Mailbox int // to one mailbox about one thing, whatever extension its address has
	Total   int // of one kind in all
	Window  time.Duration
	Expires time.Duration
}

var (
	// ErrAsked means that this mailbox has been sent enough codes for now.
	ErrAsked = errors.New("enough codes have been mailed to this address for now")
	// ErrCrowded means that enough codes have been mailed to others.
	ErrCrowded = errors.New("enough codes have been mailed for now")
	// ErrUsed means that the code was genuine, and its reply dealt with before.
	ErrUsed = errors.New("the code is used up")
)

// NewCode makes a code to be mailed to the address; ErrAsked or ErrCrowded if
// the limit is reached. kind and about say what it is good for. Until SentCode is
// called it counts as not mailed, so that a mail that could not leave is tried
// again.
func (l *Ledger) NewCode(ctx context.Context, kind, about, address string, limit CodeLimit, now time.Time) (string, error) {
	var random [12]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	code := codeText.EncodeToString(random[:])
	err := l.transact(ctx, func(tx *sql.Tx) error {
		if err := checkLimit(ctx, tx, kind, about, address, limit, now); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO code (hash, about, address, mailbox, created, expires) VALUES (?, ?, ?, ?, ?, ?)`,
			hashCode(code), kind+about, address, mailbox(address), now.UnixMilli(), now.Add(limit.Expires).UnixMilli())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return code, nil
}

// checkLimit counts what was mailed, and forgets what counts no more.
func checkLimit(ctx context.Context, tx *sql.Tx, kind, about, address string, limit CodeLimit, now time.Time) error {
	since := now.Add(-limit.Window).UnixMilli()
	if _, err := tx.ExecContext(ctx, `DELETE FROM code WHERE expires < ? AND created < ? AND substr(about, 1, length(?)) = ?`, now.UnixMilli(), since, kind, kind); err != nil {
		return err
	}
	var here, all int
	err := tx.QueryRowContext(ctx, `
		SELECT count(*) FILTER (WHERE mailbox = ? AND about = ?), count(*)
		FROM code WHERE sent = TRUE AND created > ? AND substr(about, 1, length(?)) = ?`,
		mailbox(address), kind+about, since, kind, kind).Scan(&here, &all)
	switch {
	case err != nil:
		return err
	case here >= limit.Mailbox:
		return ErrAsked
	case all >= limit.Total:
		return ErrCrowded
	}
	return nil
}

// mailbox is the address without its extension: mail to all of them comes to
// one person.
func mailbox(address string) string {
	at := strings.LastIndexByte(address, '@')
	local, _, _ := strings.Cut(address[:max(at, 0)], "+")
	return strings.ToLower(local + address[max(at, 0):])
}

// SentCode records that the code has been mailed.
func (l *Ledger) SentCode(ctx context.Context, code string) error {
	if _, err := l.db.ExecContext(ctx, `UPDATE code SET sent = TRUE WHERE hash = ?`, hashCode(code)); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Code gives what a code is good for that was mailed to this address:
// ErrUnknown if it was not, or has expired, ErrUsed if it is used up.
func (l *Ledger) Code(ctx context.Context, kind, code, address string, now time.Time) (about string, err error) {
	var used bool
	err = l.db.QueryRowContext(ctx, `
		SELECT substr(about, length(?1) + 1), used FROM code
		WHERE hash = ?2 AND lower(address) = ?3 AND expires >= ?4 AND substr(about, 1, length(?1)) = ?1`,
		kind, hashCode(code), lower(address), now.UnixMilli()).Scan(&about, &used)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", ErrUnknown
	case err != nil:
		return "", fmt.Errorf("ledger: %w", err)
	case used:
		return "", ErrUsed
	}
	return about, nil
}

// UseCode uses up all codes that are good for the same as this one.
func (l *Ledger) UseCode(ctx context.Context, code string) error {
	_, err := l.db.ExecContext(ctx, `
		UPDATE code SET used = TRUE WHERE (about, lower(address)) IN (SELECT about, lower(address) FROM code WHERE hash = ?)`, hashCode(code))
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
