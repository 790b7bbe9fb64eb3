package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mailapp/filter"
	"mailapp/filter/strictyaml"
	"mailapp/poster/flow"
)

// ofEveryMail are the names that flowValues knows of every mail.
var ofEveryMail = []string{"title", "body", "html", "price", "currency"}

// titleLength is the parameter by which a flow says how long a title its site
// takes.
const titleLength = "title-length"

// flowValues are what a flow's placeholders stand for, but for the secrets.
// What the mail says comes before what the app sets, and that before what the
// flow presets: a currency that the mail does not name, too.
func flowValues(f *flow.Flow, app *filter.App, fields map[string]string) map[string]string {
	values, _ := f.Settings(settingsWith(app, fields))
	for _, field := range app.Fields {
		if _, set := values[field.Name]; !set {
			values[field.Name] = ""
		}
	}
	preset := values["currency"]
	for _, name := range ofEveryMail {
		values[name] = ""
	}
	maps.Copy(values, fields)
	if values["currency"] == "" {
		values["currency"] = preset
	}
	values["site"], values["account"] = app.URL, app.Account
	if most, err := strconv.Atoi(values[titleLength]); err == nil {
		values["title"] = filter.CutTitle(values["title"], most)
	}
	return values
}

// settingsWith gives what the app sets, with the fields that the mail sets
// instead.
func settingsWith(app *filter.App, fields map[string]string) map[string]string {
	with := maps.Clone(app.With)
	if with == nil {
		with = map[string]string{}
	}
	for _, field := range app.Fields {
		if value, said := fields[field.Name]; said && !slices.Contains(ofEveryMail, field.Name) {
			with[field.Name] = value
		}
	}
	return with
}

// checkFields tells the sender what the flow needs and the mail does not say, or
// says as the flow cannot take it.
func checkFields(f *flow.Flow, app *filter.App, fields map[string]string) error {
	with := settingsWith(app, fields)
	_, wrong := f.Settings(with)
	for _, w := range wrong {
		at := slices.IndexFunc(app.Fields, func(field filter.Field) bool { return field.Name == w.Name })
		if at < 0 {
			continue // a mistake of the owner's, which loadFlow tells
		}
		if _, said := with[w.Name]; said {
			return unpostable{fmt.Sprintf("The site does not take what the message says: %s.", strings.TrimSuffix(w.Text, "."))}
		}
		return unpostable{fmt.Sprintf("The message does not say the %s, which is needed here. Please begin its text with a line such as: %s: %s", w.Name, w.Name, app.Fields[at].Example())}
	}
	return nil
}

// checkSettings gives, as [strictyaml.Mistakes] of the rules, what the app sets,
// or lets mails set, that does not fit its flow.
func checkSettings(s *filter.Settings, app *filter.App, f *flow.Flow) error {
	var mistakes strictyaml.Mistakes
	note := func(w flow.WrongSetting) {
		mistakes = append(mistakes, strictyaml.Mistake{File: s.File, Pos: app.Place(w.Name), Text: fmt.Sprintf("app %q: %s", app.Name, w.Text)})
	}
	_, wrong := f.Settings(app.With)
	for _, w := range wrong {
		if _, given := app.With[w.Name]; given || !mailSets(app, w.Name) {
			note(w)
		}
	}
	for _, field := range app.Fields {
		for _, w := range misfits(f, app, field) {
			note(w)
		}
	}
	if len(mistakes) == 0 {
		return nil
	}
	return mistakes
}

// unusedSettings gives what the app sets, or lets mails set, and its flow has no
// use for: the name may be mistyped. What every mail sets is left out, used or not.
func unusedSettings(s *filter.Settings, app *filter.App, f *flow.Flow) []flow.Note {
	used := append(f.Names(), titleLength)
	var notes []flow.Note
	for _, name := range namesSet(app) {
		if slices.Contains(used, name) || slices.Contains(ofEveryMail, name) || slices.Contains(f.Reads(), name) {
			continue
		}
		text := fmt.Sprintf("app %q: %q is set for nothing, because {{%[2]s}} stands nowhere in the flow", app.Name, name)
		if near := strictyaml.Nearest(name, settable(used, f)); near != "" {
			text += fmt.Sprintf("; did you mean %q?", near)
		}
		notes = append(notes, flow.Note{File: s.File, Pos: app.Place(name), Text: text})
	}
	return notes
}

// settable leaves those of a flow's placeholders that an app may have set.
func settable(names []string, f *flow.Flow) []string {
	others := slices.Concat(f.Reads(), []string{"site", "account", "body", "html",
		flow.Password, flow.Photos, flow.OnePhoto, flow.PhotoNumber, flow.PhotoCount})
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// namesSet gives the names that the app sets or lets mails set, each once, in the
// order of the file.
func namesSet(app *filter.App) []string {
	names := slices.Collect(maps.Keys(app.With))
	for _, field := range app.Fields {
		if _, given := app.With[field.Name]; !given {
			names = append(names, field.Name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		p, q := app.Place(a), app.Place(b)
		return cmp.Or(p.Line-q.Line, p.Column-q.Column)
	})
	return names
}

func mailSets(app *filter.App, name string) bool {
	return slices.ContainsFunc(app.Fields, func(f filter.Field) bool { return f.Name == name })
}

// misfits gives what the flow could not take of what a mail may say in a field.
func misfits(f *flow.Flow, app *filter.App, field filter.Field) []flow.WrongSetting {
	if slices.Contains(ofEveryMail, field.Name) {
		return nil
	}
	values := field.Choices
	if field.Type != filter.ChoiceField && field.Type != filter.TextField {
		values = []string{field.Example()}
	}
	if len(values) == 0 {
		values = []string{""}
	}
	for _, value := range values {
		with := settingsWith(app, map[string]string{field.Name: value})
		_, wrong := f.Settings(with)
		wrong = slices.DeleteFunc(wrong, func(w flow.WrongSetting) bool {
			return w.Name != field.Name || value == "" && !strings.Contains(w.Text, "no parameter")
		})
		if len(wrong) > 0 {
			return wrong[:1]
		}
	}
	return nil
}
