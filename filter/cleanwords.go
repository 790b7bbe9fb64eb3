package filter

// What mail programs write into mails of their own accord, in the languages in
// which they do: clean.go cuts by these words.

import (
	"regexp"
	"strings"
	"sync"
)

// wording is a pattern that is compiled when it is first used: together they
// take longer than most mails, which end with their header. All patterns of this
// package that no setting makes are wordings.
type wording struct{ pattern func() *regexp.Regexp }

func worded(pattern string) *wording {
	return &wording{sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })}
}

// MatchString does what it does of a [regexp.Regexp].
func (w *wording) MatchString(text string) bool { return w.pattern().MatchString(text) }

// Match does what it does of a [regexp.Regexp].
func (w *wording) Match(text []byte) bool { return w.pattern().Match(text) }

// anyOf joins alternatives of a pattern.
func anyOf(words ...string) string { return "(?:" + strings.Join(words, "|") + ")" }

// saidWords end the line before a quotation: "On … Fred wrote:".
var saidWords = anyOf(`wrote`, `writes`, `said`, `schrieb(?:en)?`, `geschrieben`, `a\s[eé]crit`, `écrivait`, `escribió`, `escreveu`,
	`ha\sscritto`, `scrisse`, `geschreven`, `schreef`, `skrev`, `skrifaði`, `kirjoitti`, `napisał(?:a|\(a\)|/a)?`, `pisze`,
	`napsal(?:a|\(a\))?`, `napísala?`, `napísal\(a\)`, `написала?`, `написал\(а\)`, `пишет`, `писала?`, `написав`, `написала`, `пише`,
	`yazdı`, `şunları yazdı`, `írta`, `a scris`, `έγραψε`, `כתב`, `כתבה`, `كتب`, `كتبت`, `menulis`, `đã viết`, `va escriure`,
	`(?:je )?napisao(?:/la)?`, `je napisala?`, `rašė`, `kirjutas`, `rakstīja`, `เขียนว่า`, `เขียน`, `写道`, `寫道`, `のメール`,
	`書きました`, `書いた`, `작성`, `님이 작성`, `نوشت`, `लिखा`)

var (
	// attributionEnd is how the last line of an attribution ends.
	attributionEnd = worded(`(?i)(?:` + saidWords + `\s*|\b(?:schrieb|schreef|skrev)\b[^:：]+|ezt írta \([^()]{1,80}\))[:：]\s*\*?$`)
	// attributionStart is how its first line begins.
	attributionStart = worded(`(?i)^[*_]?(?:on|am|le|el|em|no|il|op|den|d\.|dne|dňa|dnia|w|pada|vào|lúc|στις|на|във|в|во|ב|في|a|quoting|` +
		`\pL{2,9}[.,]?|\d{1,4}年?[./-]?\d*)[\s,]`)
	// datedName is an attribution without a word for writing.
	datedName = worded(`^\d{4}[/-]\d{1,2}[/-]\d{1,2}\s[^<>]{0,100}<[^<>@\s]+@[^<>\s]+>:?$`)
	// dateLike must be in an attribution that names no address.
	dateLike = worded(`\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d{4}年`)
)

// Marks that stand alone in a line before a mail that follows.
var (
	replyMarks   = markLine(`original message`, `reply message`, `ursprüngliche (?:nachricht|mail)`, `original-?nachricht`, `message d['’]origine`, `message original`, `mensaje original`, `messaggio originale`, `oorspronkelijk bericht`, `original(?:t )?meddelande`, `ursprungligt meddelande`, `original meddelelse`, `oprindelig meddelelse`, `opprinnelig melding`, `mensagem original`, `původní zpráva`, `pôvodná správa`, `wiadomość oryginalna`, `oryginalna wiadomość`, `исходное сообщение`, `оригинальное сообщение`, `özgün ileti`, `orijinal mesaj`, `eredeti üzenet`, `alkuperäinen viesti`, `原始邮件`, `原始郵件`, `元のメッセージ`, `원본 메시지`)
	forwardMarks = markLine(`forwarded (?:message|mail)`, `begin forwarded message`, `weitergeleitete nachricht`, `anfang der weitergeleiteten (?:nachricht|e-?mail)`, `message (?:transféré|réexpédié)`, `début du message (?:transféré|réexpédié)`, `mensaje reenviado`, `inicio del mensaje reenviado`, `mensagem encaminhada`, `início da mensagem (?:re)?encaminhada`, `messaggio inoltrato`, `inizio messaggio inoltrato`, `doorgestuurd bericht`, `begin doorgestuurd bericht`, `vidarebefordrat (?:brev|meddelande)`, `vidarebefordrat brev`, `videresendt (?:meddelelse|melding|besked)`, `přeposlaná zpráva`, `preposlaná správa`, `wiadomość przekazana dalej`, `przekazana wiadomość`, `пересылаемое сообщение`, `пересылаемое письмо`, `iletilen mesaj`, `továbbított üzenet`, `välitetty viesti`, `转发的邮件`, `轉寄的郵件`, `転送メッセージ`, `전달된 메시지`)
)

// markLine wants dashes around the words, or a colon behind them.
func markLine(marks ...string) *wording {
	any := anyOf(marks...)
	return worded(`(?i)^\s*\*{0,2}(?:[-–—_=]{2,}\s*` + any + `(?:\s+(?:from|von|de)\s.{1,100})?\s*:?\s*[-–—_=]*|` + any + `\s?[:：])\*{0,2}\s*$`)
}

// headLines are the fields that a program writes above a mail that it quotes or
// forwards.
var headLines = []*wording{
	headLine(`from`, `von`, `de`, `da`, `van`, `från`, `fra`, `od`, `от`, `від`, `kimden`, `feladó`, `lähettäjä`, `expéditeur`, `发件人`, `寄件者`, `差出人`, `보낸 사람`),
	headLine(`sent`, `date`, `gesendet`, `datum`, `envoyé`, `date d'envoi`, `enviado(?: el| em)?`, `fecha`, `data`, `inviato`, `verzonden(?: op)?`, `skickat`, `sendt`, `dato`, `wysłano`, `odesláno`, `odoslané`, `дата`, `отправлено`, `надіслано`, `gönderme tarihi`, `tarih`, `gönderildi`, `elküldve`, `lähetetty`, `päiväys`, `发送时间`, `日期`, `送信日時`, `日付`, `보낸 날짜`, `날짜`),
	headLine(`to`, `an`, `à`, `para`, `a`, `aan`, `till`, `til`, `do`, `komu`, `кому`, `kime`, `címzett`, `vastaanottaja`, `收件人`, `宛先`, `받는 사람`),
	headLine(`subject`, `betreff`, `objet`, `asunto`, `assunto`, `oggetto`, `onderwerp`, `ämne`, `emne`, `temat`, `předmět`, `predmet`, `тема`, `konu`, `tárgy`, `aihe`, `主题`, `主旨`, `件名`, `제목`),
	headLine(`cc`, `kopie`, `copie`, `cc:?`, `bcc`, `kopia`, `копия`, `reply-to`, `antwort an`, `organization`, `newsgroups`, `attachments`, `anlagen`, `importance`),
}

// senderLine is the first of them with an address, and nothing behind it.
var senderLine = worded(`^[^:：]{1,40}[:：][\s*]*(?:[^<>@,]{0,60}[<\[](?:mailto:)?[^<>@\s]+@[^<>@\s]+[>\]]|[^<>@,\s()]+@[^<>@,\s()]+)\s*$`)

func headLine(names ...string) *wording {
	return worded(`(?i)^[\s*_>|]*` + anyOf(names...) + `[\s*_]*[:：]`)
}

// programs and devices that name themselves below a mail.
var programs = anyOf(`iphone\S*`, `ipad\S*`, `ipod\S*`, `apple watch`, `macbook\S*`, `my mac`, `imac`, `android\S*`, `samsung\S*`, `galaxy`, `blackberry\S*`, `nokia\S*`, `htc`, `huawei\S*`, `honor`, `xiaomi`, `redmi`, `mi phone`, `oppo`, `vivo`, `realme`, `google pixel`, `my pixel`, `nexus`, `oneplus`, `motorola\S*`, `moto [a-z]`, `sony\S*`, `xperia\S*`, `lg mobile`, `lumia`, `windows ?(?:phone|mail|\d+)`, `surface`, `outlook\S*`, `yahoo\S*`, `gmail\S*`, `aol\S*`, `proton ?mail\S*`, `protonmail\S*`, `tutanota\S*`, `mailbird`, `spark`, `airmail`, `thunderbird`, `hotmail\S*`, `web\.de\S*`, `gmx\S*`, `t-?online`, `telekom\S*`, `fairphone`, `k-9(?: mail)?`, `fairemail`, `bluemail`, `blue mail`, `edison mail`, `newton mail`, `mail\.ru`, `myMail`, `libero mail`, `orange mail`, `nine`, `touchdown`, `aquamail`, `roundcube`, `verizon\S*`, `at&t\S*`, `t-mobile`, `xfinity\S*`, `zimbra`, `smartphone\S*`, `handy\S*`, `mobiltelefon\S*`, `mobile(?: phone| device)?`, `cell(?: ?phone)?`, `phone`, `tablet\S*`, `handheld`, `téléphone(?: portable)?`, `mobil`, `telefon\S*`, `teléfono(?: móvil)?`, `móvil`, `cellulare`, `celular`, `telemóvel`, `mobiel\S*`, `puhelimesta`, `телефона?`, `смартфона?`)

// besides stand beside the names of programs and devices: "Mail for Windows 10".
var besides = anyOf(programs, `(?:e-?)?mail`, `apps?`, `for|für|pour|para|per|voor|för|dla|pro`, `on|auf|sur|op|på|using|with|mit|via|from`, `the|my|mon|ma|mi|meinem|meiner|mijn`,
	`ipados|ios|mac|desktop`, `device|gerät|dispositivo|wireless|network|secure|sicher`, `plus|max|mini|ultra|note|edge|pro`, `[a-z]{0,2}\d{1,4}[a-z]{0,2}`, `μου|của tôi|cihazımdan`)

// A line by which a program or a device signs says that it sent the mail, and
// names nothing but itself: "Sent from my iPhone repair shop" is its author's.
var (
	signsItself = sync.OnceValue(func() string { return programs + `(?:[\s/-]+` + besides + `)*` })
	sentByName  = &wording{sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^[\s\-–—_*"“]*(?:` + anyOf(sentFromWords...) + `\s?` + signsItself() + `|` +
			`(?:diese (?:nachricht|e-?mail) wurde )?(?:von|mit|aus|auf) (?:(?:meine[mr]|der|dem) )?` + signsItself() + ` (?:gesendet|geschrieben|geschickt)|` +
			`(?:從我的\s?)?(?:나의 |내 )?` + signsItself() + `[\s-]?(?:cihazımdan )?(?:gönderildi|küldve|から送信|에서 보냄|で送信|傳送))[\s.!*_"”]*$`)
	})}
	sentAlone = worded(`(?i)^[\s\-–—_*"“]*(?:sent from mail(?: for windows(?: \d+)?)?|sent (?:from|with) (?:mailmate|mail\.app)|` +
		`(?:virus-free|virenfrei|garanti sans virus|libre de virus)\.?(?:\s*www\.\S+)?)[\s.]*$`)
)

// sentFromWords come right before the name of the program.
var sentFromWords = []string{
	`(?:sent|written|typed) (?:from|via|using|on)(?: my| the)?`, `sent (?:with|through) (?:the )?`, `get (?:the )?(?:new )?`, `outlook (?:voor|für)`,
	`(?:gesendet|geschickt) (?:von|mit|aus|über)(?: meine[mr]| der)?`, `envoyée? (?:de|depuis|à partir de)(?: mon| ma| l['’]application)?`, `télécharge[rz]`,
	`(?:enviado|enviada|enviat) (?:desde|do|de|des de|pelo)(?: mi| meu| el meu)?`, `(?:obtener|obtenha|scarica|ottieni|hämta|hent|hanki|pobierz|stáhnout)`,
	`inviato (?:da|dal|dall['’])(?: mio)?`, `(?:verstuurd|verzonden|gestuurd) (?:vanaf|vanuit|via|van|met)(?: mijn)?`, `(?:skickat|skickades|sänt|sendt) (?:från|fra|via)(?: min| mit)?`,
	`lähetetty`, `(?:wysłane|wysłano) (?:z|ze)(?: mojego)?`, `(?:odesláno|odoslané) (?:z|ze|zo)(?: mého| môjho)?`, `(?:отправлено|послано|надіслано) (?:с|со|из|з)(?: моего| мого)?`,
	`elküldve(?: az?)?`, `trimis de pe`, `poslano (?:s|sa|z)(?: mog| mojega)?`, `στάλθηκε από(?: το)?`, `dikirim dari`, `gửi từ`, `ส่งจาก`, `发自我的`, `נשלח מה?-?`, `أُ?رسلت? من`,
}

// longestSentFrom is the length of the longest such line, in bytes.
const longestSentFrom = 80

// isSentFrom tells such a line. A phone number, a comma or a second sentence
// shows that its author wrote it.
func isSentFrom(line string) bool {
	if len(line) > longestSentFrom || manyDigits.MatchString(line) || strings.Contains(line, ",") {
		return false
	}
	return sentAlone.MatchString(line) || !strings.Contains(line, ". ") && sentByName.MatchString(line)
}

// Footers of mailing lists: what one begins with, and what one says.
var (
	footerStart = worded(`(?i)^(?:_{10,}|-{10,}|={10,}|--~--~.*|-~-{5,}.*|you (?:received|are receiving) this (?:message|e-?mail|mail) because .{0,40}\b(?:subscribed|member|signed up)\b.*|` +
		`to (?:unsubscribe|stop receiving emails?)\b.*|unsubscribe: .*|sie erhalten diese (?:nachricht|e-?mail), weil sie .{0,60}(?:gruppe|liste|abonn).*|vous recevez ce message,? car .{0,60}(?:groupe|liste|abonn).*|.{0,40}\bmailing ?list\b\s*-?\s*\S*@\S*|.{0,40}\bmailing ?list)$`)
	footerWords = worded(`(?i)mailing ?list|unsubscribe|listinfo|mailman|googlegroups\.com|groups\.google\.com|groups\.io|yahoogroups|subscribed to|abbestellen|abmelden|désabonner|desinscri|listserv`)
)

// Disclaimers: how one begins, words of which one has some for certain, and
// words of which each of its paragraphs has some.
var (
	disclaimerLaw = worded(`(?i)confidential|privileged|intended recipient|intended (?:(?:only|solely|exclusively) )?for (?:the )?(?:\pL+ ){0,3}(?:recipient|addressee|person|individual|use of|named)|before printing|not print|vertraulich|rechtlich geschützt|ausdruck|umwelt|confidentiel|destinataire|environnement|confidencial|destinatario|riservat|confidenzial|vertrouwelijk|konfidentiell|fortrolig|poufn|конфиденциал`)

	disclaimerStart = worded(`(?i)^[\s*_\-–—=#~]*(?:(?:confidentiality|privacy|legal|important|privileged)[^.\n]*(?:notice|note|disclaimer|statement)|disclaimer\b|(?:e-?mail|legal) disclaimer|` +
		`(?:this|the (?:information|content|contents)[^.\n]*(?:this|the)) (?:e-?mail|message|mail|communication|transmission)\b[^.]*\b(?:confidential|privileged|intended|proprietary)|` +
		`the information (?:contained )?in this (?:e-?mail|message|communication)|if you (?:are not|have received) (?:the intended recipient|this (?:e-?mail|message) in error)|` +
		`(?:please )?(?:consider|think of|think about) the environment before printing|please do not print this e-?mail|` +
		`diese (?:e-?mail|nachricht|mail)\b[^.]*\b(?:vertraulich|rechtlich geschützt)|der inhalt dieser (?:e-?mail|nachricht)[^.]*vertraulich|vertraulichkeitshinweis|haftungsausschluss|bitte (?:denken|prüfen) sie[^.]*(?:umwelt|ausdruck)|` +
		`ce (?:message|courriel|mail|courrier)[^.]*\b(?:confidentiel|destin)|avis de confidentialité|pensez à l['’]environnement|` +
		`este (?:mensaje|correo|e-?mail)[^.]*\bconfidencial|aviso (?:legal|de confidencialidad)|esta mensagem[^.]*\bconfidencia|` +
		`(?:questo|il presente) (?:messaggio|e-?mail)[^.]*\b(?:riservat|confidenzial)|(?:dit bericht|deze e-?mail)[^.]*\bvertrouwelijk|` +
		`detta (?:meddelande|e-?post)[^.]*\bkonfidentiell|denne (?:e-?mail|meddelelse)[^.]*\bfortrolig|niniejsza wiadomość[^.]*poufn|` +
		`настоящее (?:сообщение|электронное)[^.]*конфиденциал)`)
	// disclaimerMail is the mail of which a disclaimer speaks.
	disclaimerMail = worded(`(?i)\b(?:this|diese[rs]?|cet?|este|esta|questo|presente|dit|deze|detta|denne|niniejsza|настоящее)\s+(?:(?:electronic|elektronische)\s+)?` +
		`(?:e-?mail|mail|message|communication|transmission|nachricht|courriel|courrier|mensaje|mensagem|correo|messaggio|bericht|meddelande|e-?post|meddelelse|wiadomość|сообщение|электронное)`)
	disclaimerWords = worded(`(?i)confidential|privileged|intended|recipient|disclos|unauthori[sz]ed|liab|virus|e-?mail|message|sender|vertraulich|empfänger|absender|unbefugt|nachricht|destinataire|confidentiel|courriel|destinatari|confidencial|riservat|vertrouwelijk|ontvanger|environment|umwelt|copyright|registered (?:in|office)`)
)

// separator is a line that only sets off what follows.
var separator = worded(`^\s*[-–—_=*~#]{2,}\s*$`)

// endMark is the line by which an author says that no more follows.
var endMark = worded(`(?im)^[ \t]*\[end\][ \t]*$`)
