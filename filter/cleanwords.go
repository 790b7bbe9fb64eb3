package filter

// What mail programs write into mails of their own accord, in the languages in
// which they do: clean.go cuts by these words.

import (
	"regexp"
	"strings"
)

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
	attributionEnd = regexp.MustCompile(`(?i)(?:` + saidWords + `\s*|\b(?:schrieb|schreef|skrev)\b[^:：]{1,120}|ezt írta \([^()]{1,80}\))[:：]\s*\*?$`)
	// attributionStart is how its first line begins.
	attributionStart = regexp.MustCompile(`(?i)^[*_]?(?:on|am|le|el|em|no|il|op|den|d\.|dne|dňa|dnia|w|pada|vào|lúc|στις|на|във|в|во|ב|في|a|quoting|` +
		`\pL{2,9}[.,]?|\d{1,4}年?[./-]?\d*)[\s,]`)
	// datedName is an attribution without a word for writing.
	datedName = regexp.MustCompile(`^\d{4}[/-]\d{1,2}[/-]\d{1,2}\s[^<>]{0,100}<[^<>@\s]+@[^<>\s]+>:?$`)
	// dateLike must be in an attribution that names no address.
	dateLike = regexp.MustCompile(`\b(?:19|20)\d\d\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\d{4}年`)
)

// Marks that stand alone in a line before a mail that follows.
var (
	replyMarks   = markLine(`original message`, `reply message`, `ursprüngliche (?:nachricht|mail)`, `original-?nachricht`, `message d['’]origine`, `message original`, `mensaje original`, `messaggio originale`, `oorspronkelijk bericht`, `original(?:t )?meddelande`, `ursprungligt meddelande`, `original meddelelse`, `oprindelig meddelelse`, `opprinnelig melding`, `mensagem original`, `původní zpráva`, `pôvodná správa`, `wiadomość oryginalna`, `oryginalna wiadomość`, `исходное сообщение`, `оригинальное сообщение`, `özgün ileti`, `orijinal mesaj`, `eredeti üzenet`, `alkuperäinen viesti`, `原始邮件`, `原始郵件`, `元のメッセージ`, `원본 메시지`)
	forwardMarks = markLine(`forwarded (?:message|mail)`, `begin forwarded message`, `weitergeleitete nachricht`, `anfang der weitergeleiteten (?:nachricht|e-?mail)`, `message (?:transféré|réexpédié)`, `début du message (?:transféré|réexpédié)`, `mensaje reenviado`, `inicio del mensaje reenviado`, `mensagem encaminhada`, `início da mensagem (?:re)?encaminhada`, `messaggio inoltrato`, `inizio messaggio inoltrato`, `doorgestuurd bericht`, `begin doorgestuurd bericht`, `vidarebefordrat (?:brev|meddelande)`, `vidarebefordrat brev`, `videresendt (?:meddelelse|melding|besked)`, `přeposlaná zpráva`, `preposlaná správa`, `wiadomość przekazana dalej`, `przekazana wiadomość`, `пересылаемое сообщение`, `пересылаемое письмо`, `iletilen mesaj`, `továbbított üzenet`, `välitetty viesti`, `转发的邮件`, `轉寄的郵件`, `転送メッセージ`, `전달된 메시지`)
)

// markLine wants dashes around the words, or a colon behind them.
func markLine(words ...string) *regexp.Regexp {
	any := anyOf(words...)
	return regexp.MustCompile(`(?i)^\s*\*{0,2}(?:[-–—_=]{2,}\s*` + any + `(?:\s+(?:from|von|de)\s.{1,100})?\s*:?\s*[-–—_=]*|` + any + `\s?[:：])\*{0,2}\s*$`)
}

// headLines are the fields that a program writes above a mail that it quotes or
// forwards.
var headLines = []*regexp.Regexp{
	headLine(`from`, `von`, `de`, `da`, `van`, `från`, `fra`, `od`, `от`, `від`, `kimden`, `feladó`, `lähettäjä`, `expéditeur`, `发件人`, `寄件者`, `差出人`, `보낸 사람`),
	headLine(`sent`, `date`, `gesendet`, `datum`, `envoyé`, `date d'envoi`, `enviado(?: el| em)?`, `fecha`, `data`, `inviato`, `verzonden(?: op)?`, `skickat`, `sendt`, `dato`, `wysłano`, `odesláno`, `odoslané`, `дата`, `отправлено`, `надіслано`, `gönderme tarihi`, `tarih`, `gönderildi`, `elküldve`, `lähetetty`, `päiväys`, `发送时间`, `日期`, `送信日時`, `日付`, `보낸 날짜`, `날짜`),
	headLine(`to`, `an`, `à`, `para`, `a`, `aan`, `till`, `til`, `do`, `komu`, `кому`, `kime`, `címzett`, `vastaanottaja`, `收件人`, `宛先`, `받는 사람`),
	headLine(`subject`, `betreff`, `objet`, `asunto`, `assunto`, `oggetto`, `onderwerp`, `ämne`, `emne`, `temat`, `předmět`, `predmet`, `тема`, `konu`, `tárgy`, `aihe`, `主题`, `主旨`, `件名`, `제목`),
	headLine(`cc`, `kopie`, `copie`, `cc:?`, `bcc`, `kopia`, `копия`, `reply-to`, `antwort an`, `organization`, `newsgroups`, `attachments`, `anlagen`, `importance`),
}

func headLine(names ...string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)^[\s*_>|]*` + anyOf(names...) + `[\s*_]*[:：]`)
}

// programs and devices that name themselves below a mail.
var programs = anyOf(`iphone\S*`, `ipad\S*`, `ipod\S*`, `apple watch`, `macbook\S*`, `my mac`, `imac`, `android\S*`, `samsung\S*`, `galaxy`, `blackberry\S*`, `nokia\S*`, `htc`, `huawei\S*`, `honor`, `xiaomi`, `redmi`, `mi phone`, `oppo`, `vivo`, `realme`, `google pixel`, `my pixel`, `nexus`, `oneplus`, `motorola\S*`, `moto [a-z]`, `sony\S*`, `xperia\S*`, `lg mobile`, `lumia`, `windows ?(?:phone|mail|\d+)`, `surface`, `outlook\S*`, `yahoo\S*`, `gmail\S*`, `aol\S*`, `proton ?mail\S*`, `protonmail\S*`, `tutanota\S*`, `mailbird`, `spark`, `airmail`, `thunderbird`, `hotmail\S*`, `web\.de\S*`, `gmx\S*`, `t-?online`, `telekom\S*`, `fairphone`, `k-9(?: mail)?`, `fairemail`, `bluemail`, `blue mail`, `edison mail`, `newton mail`, `mail\.ru`, `myMail`, `libero mail`, `orange mail`, `nine`, `touchdown`, `aquamail`, `roundcube`, `verizon\S*`, `at&t\S*`, `t-mobile`, `xfinity\S*`, `zimbra`, `smartphone\S*`, `handy\S*`, `mobiltelefon\S*`, `mobile(?: phone| device)?`, `cell(?: ?phone)?`, `phone`, `tablet\S*`, `handheld`, `téléphone(?: portable)?`, `mobil`, `telefon\S*`, `teléfono(?: móvil)?`, `móvil`, `cellulare`, `celular`, `telemóvel`, `mobiel\S*`, `puhelimesta`, `телефона?`, `смартфона?`)

// sentFrom is a line by which a program or a device signs. It is short, and has
// nothing of its author's.
var sentFrom = regexp.MustCompile(`(?i)^[\s\-–—_*"“]*(?:` + strings.Join([]string{
	`(?:sent|written|typed) (?:from|via|by|using|with|on|through) (?:my |the |an? )?.{0,40}?\b` + programs + `\b.{0,80}`,
	`sent (?:from|via|with) (?:mail|post|mailmate|mail\.app|notes)\b.{0,60}`,
	`get (?:the )?(?:new )?(?:outlook|bluemail|yahoo mail|aol app) (?:for|on) .{2,40}`,
	`(?:von|aus|mit|auf) .{0,30}?\b` + programs + `\b.{0,40}? (?:gesendet|geschickt|versandt|verschickt|geschrieben).{0,20}`,
	`(?:diese (?:nachricht|e-?mail) wurde |gesendet |geschickt )(?:von|mit|aus|über).{0,40}?\b` + programs + `\b.{0,60}`,
	`(?:envoyé|expédié|envoyée|télécharger) .{0,30}?(?:\b|')` + programs + `\b.{0,60}`,
	`(?:enviado|enviada|obtener|obtenha) .{0,30}?\b` + programs + `\b.{0,60}`, `enviat .{0,30}?\b` + programs + `\b.{0,40}`,
	`(?:inviato|scarica|ottieni) .{0,30}?\b` + programs + `\b.{0,60}`,
	`(?:verstuurd|verzonden|gestuurd|outlook voor).{0,30}?\b` + programs + `\b.{0,60}`,
	`(?:skickat|hämta|skickades|sänt) .{0,30}?\b` + programs + `\b.{0,60}`, `(?:sendt|hent) .{0,30}?\b` + programs + `\b.{0,60}`,
	`lähetetty .{0,40}?(?:` + programs + `).{0,40}`, `hanki outlook.{0,40}`, `(?:wysłane|wysłano|pobierz) .{0,40}?\b` + programs + `.{0,60}`,
	`(?:odesláno|odoslané|stáhnout) .{0,40}?\b` + programs + `.{0,60}`, `(?:отправлено|послано|надіслано) .{0,60}?(?:` + programs + `).{0,40}`,
	programs + `.{0,20}?(?:gönderildi|küldve|から送信|에서 보냄|で送信).{0,20}`, `elküldve .{0,60}?` + programs + `.{0,40}`,
	`trimis de (?:pe|la) .{0,40}?(?:` + programs + `).{0,40}`, `poslano (?:z|s|sa|iz) .{0,60}?` + programs + `.{0,40}`, `στάλθηκε από .{0,40}?(?:` + programs + `).{0,40}`, `dikirim dari .{0,40}?(?:` + programs + `).{0,40}`,
	`gửi từ .{0,40}?(?:` + programs + `).{0,40}`, `ส่งจาก.{0,40}?(?:` + programs + `).{0,40}`, `发自我的 ?(?:` + programs + `).{0,20}`, `從我的.{0,40}傳送`, `(?:나의 |내 )?iphone에서 보냄`, `נשלח מ.{0,40}?(?:` + programs + `).{0,40}`, `أُ?رسل.{0,60}?(?:iphone|android|ipad).{0,20}`,
	`virus-free\.? *(?:\(?<?(?:https?://)?www\.\S+)?.{0,60}`, `(?:virenfrei|garanti sans virus|libre de virus)\. ?.{0,60}`,
}, "|") + `)[\s.!…)>\]"”*]*$`)

// Footers of mailing lists: what one begins with, and what one says.
var (
	footerStart = regexp.MustCompile(`(?i)^(?:_{10,}|-{10,}|={10,}|--~--~.*|-~-{5,}.*|you (?:received|are receiving) this (?:message|e-?mail|mail) because .{0,40}\b(?:subscribed|member|signed up)\b.*|` +
		`to (?:unsubscribe|stop receiving emails?)\b.*|unsubscribe: .*|sie erhalten diese (?:nachricht|e-?mail), weil sie .{0,60}(?:gruppe|liste|abonn).*|vous recevez ce message,? car .{0,60}(?:groupe|liste|abonn).*|.{0,40}\bmailing ?list\b\s*-?\s*\S*@\S*|.{0,40}\bmailing ?list)$`)
	footerWords = regexp.MustCompile(`(?i)mailing ?list|unsubscribe|listinfo|mailman|googlegroups\.com|groups\.google\.com|groups\.io|yahoogroups|subscribed to|abbestellen|abmelden|désabonner|desinscri|listserv`)
)

// Disclaimers: how one begins, words of which one has some for certain, and
// words of which each of its paragraphs has some.
var (
	disclaimerLaw = regexp.MustCompile(`(?i)confidential|privileged|intended (?:recipient|only|solely|for)|before printing|not print|vertraulich|rechtlich geschützt|ausdruck|umwelt|confidentiel|destinataire|environnement|confidencial|destinatario|riservat|confidenzial|vertrouwelijk|konfidentiell|fortrolig|poufn|конфиденциал`)

	disclaimerStart = regexp.MustCompile(`(?i)^[\s*_\-–—=#~]*(?:(?:confidentiality|privacy|legal|important|privileged)[^.\n]{0,30}(?:notice|note|disclaimer|statement)|disclaimer\b|(?:e-?mail|legal) disclaimer|` +
		`(?:this|the (?:information|content|contents)[^.\n]{0,40}(?:this|the)) (?:e-?mail|message|mail|communication|transmission)\b[^.]{0,120}\b(?:confidential|privileged|intended|proprietary)|` +
		`the information (?:contained )?in this (?:e-?mail|message|communication)|if you (?:are not|have received) (?:the intended recipient|this (?:e-?mail|message) in error)|` +
		`(?:please )?(?:consider|think of|think about) the environment before printing|please do not print this e-?mail|` +
		`diese (?:e-?mail|nachricht|mail)\b[^.]{0,160}\b(?:vertraulich|rechtlich geschützt)|der inhalt dieser (?:e-?mail|nachricht)[^.]{0,80}vertraulich|vertraulichkeitshinweis|haftungsausschluss|bitte (?:denken|prüfen) sie[^.]{0,60}(?:umwelt|ausdruck)|` +
		`ce (?:message|courriel|mail|courrier)[^.]{0,160}\b(?:confidentiel|destin)|avis de confidentialité|pensez à l['’]environnement|` +
		`este (?:mensaje|correo|e-?mail)[^.]{0,160}\bconfidencial|aviso (?:legal|de confidencialidad)|esta mensagem[^.]{0,160}\bconfidencia|` +
		`(?:questo|il presente) (?:messaggio|e-?mail)[^.]{0,160}\b(?:riservat|confidenzial)|(?:dit bericht|deze e-?mail)[^.]{0,160}\bvertrouwelijk|` +
		`detta (?:meddelande|e-?post)[^.]{0,160}\bkonfidentiell|denne (?:e-?mail|meddelelse)[^.]{0,160}\bfortrolig|niniejsza wiadomość[^.]{0,160}poufn|` +
		`настоящее (?:сообщение|электронное)[^.]{0,160}конфиденциал)`)
	disclaimerWords = regexp.MustCompile(`(?i)confidential|privileged|intended|recipient|disclos|unauthori[sz]ed|liab|virus|e-?mail|message|sender|vertraulich|empfänger|absender|unbefugt|nachricht|destinataire|confidentiel|courriel|destinatari|confidencial|riservat|vertrouwelijk|ontvanger|environment|umwelt|copyright|registered (?:in|office)`)
)

// separator is a line that only sets off what follows.
var separator = regexp.MustCompile(`^\s*[-–—_=*~#]{2,}\s*$`)

// endMark is the line by which an author says that no more follows.
var endMark = regexp.MustCompile(`(?im)^[ \t]*\[end\][ \t]*$`)
