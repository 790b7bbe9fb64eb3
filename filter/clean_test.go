package filter

import "testing"

// cleaned gives what an ad says whose mail has this subject and text.
func cleaned(t *testing.T, subject, text string) string {
	t.Helper()
	fields, _, err := open(t, "From: Fred Bloggs <fred@example.org>\nSubject: "+subject+"\nContent-Type: text/plain; charset=utf-8\n\n"+text).PostFields(nil)
	if err != nil {
		t.Fatal(err)
	}
	return fields[fieldBody]
}

// The first law of C22: what the author wrote stays, though it looks like what
// programs write.
func TestSentFrom(t *testing.T) {
	for _, line := range []string{
		"Mit Rechnung und Hülle, Handy wird versichert verschickt.", "Envoyé en Colissimo avec son chargeur Samsung, 10 EUR de port",
		"Enviado por correos, incluye cargador Samsung", "Sent with tracking, mobile pickup possible", "Sent from my iPhone repair shop in Bern",
		"Written by nine famous authors", "Aus Nichtraucherhaushalt. Handy wird versichert verschickt.", "Virus-free laptop with Windows 10",
		"Mit Samsung Handy verschickt", "Sent with post within two days",
	} {
		if got := cleaned(t, "Sofa", "One\n\n"+line); got != "One\n\n"+line {
			t.Errorf("%q: got %q", line, got)
		}
	}
	for _, line := range []string{
		"Sent from my iPhone", "Sent from my iPhone 15 Pro.", "Sent from Mail for Windows 10", "Gesendet mit der GMX Mail App", "Mit der WEB.DE Mail App gesendet",
		"Sent from Outlook for Android", "Envoyé depuis mon téléphone portable", "Gesendet von meinem Huawei-Handy", "Sent with Proton Mail secure email.",
		"iPhone-omról küldve", "나의 iPhone에서 보냄", "Virus-free. www.avast.com", "Lähetetty iPhonesta",
	} {
		if got := cleaned(t, "Sofa", "One\n\n"+line); got != "One" {
			t.Errorf("%q: got %q", line, got)
		}
	}
}

func TestAuthorsNotices(t *testing.T) {
	for _, text := range []string{
		"Important note: the set is not intended for children under 3. Send me a message with questions.",
		"Disclaimer: sold as is, intended for spare parts only.\n\nPick up in Bern, e-mail me first.",
		"Haftungsausschluss: Privatverkauf ohne Gewährleistung. Fragen per E-Mail.\n\nStandort Bern, Nachricht an mich.",
		"From: Bern\nTo: Zurich\nDate: every Friday\nSubject: ride share\n\nCall me on Thursday.",
		"Von: Bern, Bahnhof (info@example.org)\nAm: 12.12.\nNach: Basel\nDatum: 12.12.\n\nZwei Plätze.",
		"--- Original message ---\n\nThe card says this.",
	} {
		if got := cleaned(t, "Sofa", "One\n\n"+text); got != "One\n\n"+text {
			t.Errorf("%q: got %q", text, got)
		}
	}
	for text, subject := range map[string]string{
		"Confidentiality notice\n\nThis e-mail is privileged.":                            "Sofa",
		"From: Ann <ann@example.com>\nDate: Monday\nSubject: Sofa\n\nIs it blue?":         "Sofa",
		"From: Ann\nDate: Monday\nSubject: Sofa\n\nIs it blue?":                           "Re: Sofa",
		"--- Original message ---\nFrom: Ann\nDate: Monday\nSubject: Sofa\n\nIs it blue?": "Sofa",
		"--- Original message ---\n\nIs it blue?":                                         "Re: Sofa",
	} {
		if got := cleaned(t, subject, "One\n\n"+text); got != "One" {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestNothingLeft(t *testing.T) {
	for text, want := range map[string]string{
		"Disclaimer: this message is confidential, and so is the sofa.": "Disclaimer: this message is confidential, and so is the sofa.",
		"Sent from my iPhone": "", // a mail that is all photos
	} {
		if got := cleaned(t, "Sofa", text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}
