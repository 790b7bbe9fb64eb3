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
