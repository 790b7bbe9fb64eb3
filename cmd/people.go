package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"mailapp/poster/ledger"
)

func newPeopleCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "people",
		Short: "List who may post, and add or remove people",
		Long: "List the people: those of rules.yaml, and those who have registered by mail or were\n" +
			"added here, with the day of that.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return withLedger(c, listPeople) },
	}
	c.AddCommand(&cobra.Command{
		Use: "add NAME ADDRESS", Short: "Let whoever has the mail address post under the name", Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return withLedger(c, func(ctx context.Context, o *settling) error { return addPerson(ctx, o, args[0], args[1]) })
		},
	}, &cobra.Command{
		Use: "remove NAME", Short: "Remove who has registered or was added", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withLedger(c, func(ctx context.Context, o *settling) error { return removePerson(ctx, o, args[0]) })
		},
	})
	return c
}

func listPeople(ctx context.Context, o *settling) error {
	people, err := o.ledger.People(ctx)
	if err != nil {
		return err
	}
	all := withPeople(o.settings, people)
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	for _, p := range o.settings.People {
		fmt.Fprintf(w, "%s\t%s\trules.yaml\n", p.Name, strings.Join(p.Addresses, ", "))
	}
	for _, p := range people {
		from := p.Since.Format(time.DateOnly)
		if who := all.PersonOf(p.Address); who == nil || who.Name != p.Name || who.Key == "" {
			from += ", not in force: the rules have the name or address for another"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Name, p.Address, from)
	}
	return w.Flush()
}

func addPerson(ctx context.Context, o *settling, name, address string) error {
	people, err := o.ledger.People(ctx)
	if err != nil {
		return err
	}
	address, err = withPeople(o.settings, people).CheckPerson(name, address)
	if err != nil {
		return err
	}
	if err := o.ledger.AddPerson(ctx, ledger.Person{Name: name, Address: address, Key: newKey(), Since: time.Now()}); err != nil {
		return err
	}
	o.say("%s may post as %s", address, name)
	return nil
}

func removePerson(ctx context.Context, o *settling, name string) error {
	err := o.ledger.RemovePerson(ctx, name)
	switch {
	case errors.Is(err, ledger.ErrUnknown) && o.settings.Person(name) != nil:
		return fmt.Errorf("%s stands in %s; hint: remove the person there", name, o.settings.File)
	case errors.Is(err, ledger.ErrUnknown):
		return fmt.Errorf("there is no person %q", name)
	case err != nil:
		return err
	}
	o.say("%s is removed", name)
	return nil
}
