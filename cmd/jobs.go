package cmd

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mailapp/filter"
	"mailapp/poster/ledger"
)

// jobWords are what a job's state is called where people see it. Of one that is
// over they see how it ended; closed is one that ended by the owner's word.
var jobWords = []string{"none", "claimed", "in doubt", "posted", "read", "rejected", "held", "closed"}

func jobWord(e ledger.Entry) string {
	switch {
	case e.State != ledger.Answered:
		return outcomeWord(e.State, e.Result)
	case e.Ended == ledger.Posted || e.Ended == ledger.Rejected:
		return outcomeWord(e.Ended, e.Result)
	}
	return "closed"
}

func newLedgerShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show all that is known of a job", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withLedger(c, func(ctx context.Context, o *settling) error {
				e, err := o.ledger.Find(ctx, args[0])
				if err != nil {
					return fmt.Errorf("%s: %w", args[0], err)
				}
				return o.show(e)
			})
		},
	}
}

// show writes a job's columns, but for those that say nothing, and the files
// that belong to it.
func (o *settling) show(e ledger.Entry) error {
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, oneLine(value, 1000))
		}
	}
	for _, c := range jobColumns {
		if c.name != "reads" && c.name != "ads_before" {
			line(strings.ReplaceAll(c.name, "_", " "), text(c.of(e)))
		}
	}
	for read := range strings.Lines(e.Reads) {
		line("read", read)
	}
	for _, ad := range e.Before {
		line("ad before", ad.URL+" "+ad.Title)
	}
	if e.Before != nil && len(e.Before) == 0 {
		line("ad before", "there was none")
	}
	if path := o.state.keptFile(e.ID(), ".eml"); exists(path) {
		line("mail", path)
	}
	traces, err := filepath.Glob(filepath.Join(o.state.traces(), "*-"+e.ID()+".html"))
	for _, path := range traces {
		line("trace", path)
	}
	return errors.Join(err, w.Flush())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// jobColumn is one thing that is known of a job: a string, int, bool, time.Time
// or []ledger.Ad.
type jobColumn struct {
	name string
	of   func(ledger.Entry) any
}

// jobColumns are what export gives, in this order. Programs read them: a name
// stays, and new ones come last. None is a secret.
var jobColumns = []jobColumn{
	{"id", func(e ledger.Entry) any { return e.ID() }},
	{"state", func(e ledger.Entry) any { return jobWord(e) }},
	{"rule", func(e ledger.Entry) any { return e.Rule }},
	{"app", func(e ledger.Entry) any { return e.App }},
	{"account", func(e ledger.Entry) any { return e.Account }},
	{"person", func(e ledger.Entry) any { return e.Person }},
	{"sender", func(e ledger.Entry) any { return e.Sender }},
	{"recipient", func(e ledger.Entry) any { return e.Recipient }},
	{"message_id", func(e ledger.Entry) any { return e.MessageID }},
	{"subject", func(e ledger.Entry) any { return e.Subject }},
	{"url", func(e ledger.Entry) any { return e.URL }},
	{"number", func(e ledger.Entry) any { return e.Number }},
	{"said", func(e ledger.Entry) any { return e.Said }},
	{"reads", func(e ledger.Entry) any { return e.Reads }},
	{"attempts", func(e ledger.Entry) any { return e.Attempts }},
	{"answered", func(e ledger.Entry) any { return e.State == ledger.Answered }},
	{"created", func(e ledger.Entry) any { return e.Created }},
	{"published", func(e ledger.Entry) any { return e.Published }},
	{"updated", func(e ledger.Entry) any { return e.Updated }},
	{"host", func(e ledger.Entry) any { return e.Host }},
	{"ads_before", func(e ledger.Entry) any { return e.Before }},
	{"key", func(e ledger.Entry) any { return e.Key }},
}

// text is a value as a person or a spreadsheet reads it; times are in UTC.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format(time.RFC3339)
	case []ledger.Ad:
		var ads []string
		for _, ad := range v {
			ads = append(ads, ad.URL)
		}
		return strings.Join(ads, " ")
	}
	return ""
}

func newLedgerExportCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "export", Short: "Write all jobs to standard output, for other programs", Args: cobra.NoArgs,
		Long: "Write all jobs to standard output, the newest first, with all that is known of them\n" +
			"and no secrets, as JSON or as CSV.",
	}
	c.Flags().String("format", "json", "json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		formats := map[string]func(io.Writer, []ledger.Entry) error{"json": exportJSON, "csv": exportCSV}
		format, _ := c.Flags().GetString("format")
		write, known := formats[format]
		if !known {
			return usageError("--format=%s: it is json or csv", format)
		}
		return withLedger(c, func(ctx context.Context, o *settling) error {
			entries, err := o.ledger.List(ctx)
			if err != nil {
				return err
			}
			return write(o.out, entries)
		})
	}
	return c
}

// exportJSON writes a list of objects, each on a line of its own.
func exportJSON(w io.Writer, entries []ledger.Entry) error {
	var out strings.Builder
	out.WriteString("[")
	for i, e := range entries {
		separator := ",\n{"
		if i == 0 {
			separator = "\n{"
		}
		for _, c := range jobColumns {
			value, err := json.Marshal(jsonValue(c.of(e)))
			if err != nil {
				return err
			}
			fmt.Fprintf(&out, "%s%q: %s", separator, c.name, value)
			separator = ", "
		}
		out.WriteString("}")
	}
	out.WriteString("\n]\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// jsonValue is null where there is nothing.
func jsonValue(value any) any {
	switch v := value.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return text(v)
	case []ledger.Ad:
		if v == nil {
			return nil
		}
		ads := []map[string]string{}
		for _, ad := range v {
			ads = append(ads, map[string]string{"url": ad.URL, "title": ad.Title})
		}
		return ads
	}
	return value
}

func exportCSV(w io.Writer, entries []ledger.Entry) error {
	out := csv.NewWriter(w)
	row := make([]string, len(jobColumns))
	for i, c := range jobColumns {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for _, e := range entries {
		for i, c := range jobColumns {
			row[i] = inert(text(c.of(e)))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// inert keeps a spreadsheet from taking what a mail says for a formula (C25).
func inert(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// youngestPruned is how old a job must be to be forgotten, in days: longer than
// any mail server tries to deliver a message, so that whoever wonders about a
// delivery finds all that is known of it.
const youngestPruned = 30

// pacedSince is to when the pace of some app may look back, and since when a mail
// may still be waiting for its turn.
func pacedSince(s *filter.Settings, now time.Time) time.Time {
	longest := s.GiveUp
	for _, app := range s.Apps {
		longest = max(longest, app.Pace.Every, app.Pace.SameTitle)
	}
	return now.Add(-longest)
}

func newLedgerPruneCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "prune", Short: "Forget jobs that have long been over", Args: cobra.NoArgs,
		Long: "Forget the jobs that were over before the given time. What waits for somebody, or for\n" +
			"its receipt, stays, however old, and so does what the pace of an app still needs. A\n" +
			"mail whose job is forgotten is not posted again, whenever it comes, unless nothing had\n" +
			"come of it.",
	}
	c.Flags().String("older-than", "", "a time in days, such as 400d, at least 30d")
	c.RunE = func(c *cobra.Command, _ []string) error {
		age, _ := c.Flags().GetString("older-than")
		days, err := strconv.ParseUint(strings.TrimSuffix(age, "d"), 10, 16)
		if err != nil || !strings.HasSuffix(age, "d") || days < youngestPruned {
			return usageError("--older-than=%s: here belongs a time in days such as 400d, at least %dd", age, youngestPruned)
		}
		then := time.Now().AddDate(0, 0, -int(days))
		return withLedger(c, func(ctx context.Context, o *settling) error {
			n, err := o.ledger.Prune(ctx, then, pacedSince(o.settings, time.Now()), func(j ledger.Job) error { return o.state.forget(j.ID()) })
			if err == nil {
				o.say("%d jobs are forgotten", n)
			}
			return err
		})
	}
	return c
}

// statesFlag gives the words by which to choose jobs; all if none is given.
func statesFlag(c *cobra.Command) ([]string, error) {
	words, _ := c.Flags().GetStringSlice("state")
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, "-", " ")
		if !slices.Contains(jobWords, words[i]) {
			return nil, usageError("--state=%s: there are: %s", word, strings.ReplaceAll(strings.Join(jobWords, ", "), "in doubt", "in-doubt"))
		}
	}
	if len(words) == 0 {
		words = jobWords
	}
	return words, nil
}
