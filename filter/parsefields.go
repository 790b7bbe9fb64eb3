package filter

import (
	"slices"

	"mailapp/filter/strictyaml"
)

// fieldTypes are the words that can stand behind a field's name; a list stands
// for a choice.
var fieldTypes = []string{string(TextField), string(NumberField), string(PriceField), string(DateField), string(YesNoField), string(TagsField)}

// fields reads what a mail may set: `area: text`, `condition: [new, used]`.
func (a *App) fields(n strictyaml.Node) {
	for _, e := range n.Entries() {
		a.checkField(e)
		field := Field{Name: e.Key, Type: ChoiceField}
		if e.Value.IsList() {
			field.Choices = choices(e)
		} else {
			field.Type = FieldType(e.Value.OneOf("type of a field", fieldTypes...))
		}
		a.Fields = append(a.Fields, field)
		if _, given := a.places[e.Key]; !given {
			a.places[e.Key] = e.Name.Pos()
		}
	}
}

// checkField notes names that no key of a mail can have, or that must not.
func (a *App) checkField(e strictyaml.Entry) {
	wantType := map[string]string{fieldTitle: string(TextField), fieldPrice: string(PriceField)}[e.Key]
	switch {
	case !parameterName.MatchString(e.Key):
		e.Name.Mistake("the name of a field is made of a-z, 0-9, - and _, and begins with a letter; %q is not", e.Key)
	case wantType != "" && (e.Value.IsList() || e.Value.Text() != wantType):
		e.Value.Mistake("the field %q is a %s", e.Key, wantType)
	case wantType == "" && slices.Contains(reserved, e.Key):
		e.Name.Mistake("%q is filled by the mail or the app itself and cannot be a field", e.Key)
	}
}

func choices(e strictyaml.Entry) []string {
	var texts []string
	for _, item := range e.Value.List() {
		texts = append(texts, line(item, MaxTitle))
	}
	if len(texts) == 0 {
		e.Value.Mistake("the list of %s is empty, so no mail could set it", e.Key)
	}
	return texts
}

// cleaning reads which rules are switched off: `quotes: false`.
func (a *App) cleaning(n strictyaml.Node) {
	keys := mapping(n, n, theClean)
	for _, rule := range CleanRules {
		if keys[rule].IsSet() && !keys[rule].Bool() {
			a.NotCleaned = append(a.NotCleaned, rule)
		}
	}
}
