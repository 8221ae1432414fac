//! What people write, as templates. `{x}` is replaced by one of the fillers called `x`.

use super::people::Habits;
use crate::bilingual::Lang;
use crate::prng::Prng;

/// What a post is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Nothing to do with the bank.
    Chatter,
    /// The app or online banking fails.
    App,
    /// It fails for all, and in a way of its own.
    Outage,
    /// Fraud, phishing, money gone.
    Fraud,
    /// Cards and cash machines.
    Card,
    /// Fees and interest.
    Fees,
    /// Branches and queues.
    Branch,
    /// How one was treated, good or bad.
    Service,
    /// Another bank.
    Rival,
    /// Advertising that rides on the bank's name.
    Spam,
    /// The bank answers a customer.
    Answer,
    /// The bank answers during an outage.
    OutageAnswer,
    /// A customer thanks the bank for its answer.
    Thanks,
    /// A customer is not content with it.
    Insists,
    /// The bank's own news.
    News,
}

/// Posts about a bank that name an account of its.
const NAMED: f64 = 0.025;

/// A text about `subject` in `lang`, without habits.
pub fn write(prng: &mut Prng, subject: Subject, lang: Lang) -> String {
    let template = prng.pick(templates(subject, lang));
    fill(prng, template, lang)
}

/// Replaces every `{name}` by one of its fillers.
fn fill(prng: &mut Prng, template: &str, lang: Lang) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (name, tail) = after.split_once('}').unwrap_or((after, ""));
        match name {
            "n" => out.push_str(&(2 + prng.below(58)).to_string()),
            "amount" => out.push_str(&((1 + prng.below(90)) * 50).to_string()),
            "url" => out.push_str(&format!("https://ejemplo.mx/{:x}", prng.below(1 << 28))),
            // Numbers that nobody has: 555-01xx is kept free for stories, and the card is one for tests.
            "phone" => out.push_str(&format!("55 5555 01{:02}", prng.below(100))),
            "card" => out.push_str("4111 1111 1111 1111"),
            "bank" if prng.chance(NAMED) => out.push_str(prng.pick::<&str>(fillers("account", lang))),
            "rival" if prng.chance(NAMED) => out.push_str(prng.pick::<&str>(fillers("rival account", lang))),
            "spam_url" => out.push_str(&format!("https://gana-ya.example/{:x}", prng.below(1 << 28))),
            _ => out.push_str(prng.pick::<&str>(fillers(name, lang))),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The text as a person with these habits types it.
pub fn typed(prng: &mut Prng, text: String, habits: Habits) -> String {
    let mut text = text;
    if habits.plain {
        text = without_marks(&text);
    }
    if habits.shouts && prng.chance(0.5) {
        text = outside_names(&text, str::to_uppercase);
    }
    if habits.hasty && prng.chance(0.6) {
        let words = text.split(' ').count();
        let slip = prng.index(words);
        text = text.split(' ').enumerate().map(|(i, w)| if i == slip { slipped(w) } else { w.to_string() }).collect::<Vec<_>>().join(" ");
    }
    if prng.chance(0.18) {
        text.push(' ');
        text.push_str(prng.pick::<&str>(&["😡", "🤬", "😤", "🙄", "😭", "🤦🏽‍♀️", "🤦‍♂️", "‼️", "🇲🇽", "👏", "💸"]));
    }
    text
}

/// Applies `change` to every word that is no link, mention or hashtag.
fn outside_names(text: &str, change: impl Fn(&str) -> String) -> String {
    let one = |w: &str| if w.starts_with("http") || w.starts_with(['@', '#']) { w.to_string() } else { change(w) };
    text.split(' ').map(one).collect::<Vec<_>>().join(" ")
}

/// A word with its third and fourth letters swapped, if it is long enough to be recognised.
fn slipped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() > 5 && letters.iter().all(|c| c.is_alphabetic()) {
        letters.swap(2, 3);
    }
    letters.into_iter().collect()
}

/// The text without the accents of Spanish; ñ stays, for nobody drops it who can type it.
pub fn without_marks(text: &str) -> String {
    let plain = |c| match c {
        'á' => 'a',
        'é' | 'ë' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'Á' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ó' => 'O',
        'Ú' => 'U',
        c => c,
    };
    text.chars().map(plain).collect()
}

fn fillers(name: &str, lang: Lang) -> &'static [&'static str] {
    match (name, lang) {
        ("bank", Lang::Es) => &["Banco Ejemplo", "Banco Ejemplo", "banco ejemplo", "#BancoEjemplo"],
        ("bank", Lang::En) => &["Ejemplo Bank", "Ejemplo Bank", "ejemplo bank", "#EjemploBank"],
        ("account", Lang::Es) => &["@bancoejemplo", "@ejemploayuda", "@ejemploayuda"],
        ("account", Lang::En) => &["@ejemplobank", "@ejemplocare", "@ejemplocare"],
        ("rival", _) => &["Banco Ficción", "Banco Ficción", "Caja Inventada"],
        ("rival account", _) => &["@bancoficcion", "@cajainventada"],
        ("app", Lang::Es) => &["app", "aplicación", "app móvil", "banca en línea", "banca móvil"],
        ("app", Lang::En) => &["app", "mobile app", "online banking", "mobile banking"],
        ("down", Lang::Es) => &["está caída", "no funciona", "no abre", "sigue sin funcionar", "se cayó otra vez", "marca error"],
        ("down", Lang::En) => &["is down", "is not working", "won't open", "keeps crashing", "is down again", "shows an error"],
        ("why", Lang::Es) => &["pagar la renta", "hacer una transferencia", "ver mi saldo", "pagar la luz", "mandar dinero a mi mamá"],
        ("why", Lang::En) => &["pay my rent", "send a transfer", "see my balance", "pay the bills", "send money home"],
        ("place", Lang::Es) => &["Reforma", "Coyoacán", "Monterrey", "Mérida", "el centro", "Querétaro", "la Condesa"],
        ("place", Lang::En) => &["Main Street", "Houston", "downtown", "Queens", "the mall", "San Diego", "Oakland"],
        ("who", Lang::Es) => &["^LG", "^Ana R.", "^MP", "— Equipo Ejemplo", "^Iñaki", "^JC"],
        ("who", Lang::En) => &["^LG", "^Beth", "^MP", "- Ejemplo Care Team", "^Sam", "^JC"],
        ("thing", Lang::Es) => {
            &["el café", "la lluvia", "el partido", "esa serie", "el tráfico", "la película", "mi perro", "la ñoña de mi prima"]
        }
        ("thing", Lang::En) => &["coffee", "the rain", "the game", "that show", "traffic", "the movie", "my dog", "this café"],
        ("when", Lang::Es) => &["hoy", "esta mañana", "ayer", "desde temprano", "otra vez", "este fin de semana", "en la noche"],
        ("when", Lang::En) => &["today", "this morning", "yesterday", "all day", "again", "this weekend", "tonight"],
        (_, Lang::Es) => &["ya"],
        (_, Lang::En) => &["now"],
    }
}

fn templates(subject: Subject, lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Es => spanish(subject),
        Lang::En => english(subject),
    }
}

fn spanish(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::Chatter => &[
            "Qué rico está {thing} {when}",
            "No puedo creer lo de {thing}, {when} pasó de todo",
            "Alguien más pensando en {thing} {when}?",
            "{when} tocó madrugar. Ánimo a todos ☕",
            "Mi mamá dice que {thing} era mejor antes jajaja",
            "Feliz cumpleaños a mi hermana, la más linda 🎂",
            "Vi {thing} {when} y no me arrepiento de nada",
            "Dato del día: {n} personas en la fila de los tacos en {place}",
            "Extraño {place}, qué años aquellos",
            "Hilo sobre {thing} 🧵 {url}",
            "¿Quién va a {place} {when}?",
            "Hoy no se trabaja, se contempla {thing}",
        ],
        Subject::App => &[
            "La {app} de {bank} {down} {when}",
            "{bank} su {app} {down}, necesito {why} y no puedo",
            "¿Alguien sabe si la {app} de {bank} {down}? Llevo {n} minutos intentando",
            "{when} la {app} de {bank} {down}. ¿Hasta cuándo?",
            "Quiero {why} y la {app} de {bank} {down} 😡",
            "{bank} llevo {n} minutos sin poder entrar a la {app}, {down}",
            "Pésimo servicio: la {app} {down} y en {bank} nadie contesta",
            "Otra vez {bank}... la {app} {down} justo en quincena",
            "Necesito {why} urgente y la {app} de {bank} {down}, ¿qué hago?",
            "No es mi celular, la {app} de {bank} {down} para todos",
        ],
        Subject::Outage => &[
            "La {app} de {bank} {down}: pantalla en blanco y error 503 😡",
            "{bank} la {app} {down}, sale error 503 y no cae mi nómina",
            "¿A alguien más le sale error 503? La {app} de {bank} {down}",
            "Pantalla en blanco en la {app} de {bank}, {down} y yo en la caja sin poder pagar",
            "{bank} la {app} {down} y mi nómina sin caer, ¿qué hago?",
        ],
        Subject::Fraud => &[
            "{bank} me robaron {amount} pesos de mi cuenta, no reconozco el cargo",
            "Cuidado, llegó un SMS que dice ser {bank}, es fraude: piden el NIP",
            "{bank} tengo un cargo no reconocido por {amount} pesos y no me resuelven",
            "Me vaciaron la cuenta de {bank} {when}, {amount} pesos, voy a la CONDUSEF",
            "{bank} hackearon mi cuenta y nadie me ayuda, ¿a dónde denuncio?",
            "¿Es fraude este correo de {bank}? Pide mi contraseña",
        ],
        Subject::Card => &[
            "El cajero de {bank} en {place} se tragó mi tarjeta",
            "{bank} mi tarjeta fue rechazada {when} y tengo saldo",
            "Me bloquearon la tarjeta de {bank} sin avisar, no puedo pagar nada",
            "El cajero automático de {bank} en {place} no dio el dinero pero sí lo cobró",
            "{bank} ¿cuánto tarda en llegar la reposición de tarjeta? Ya van {n} días",
            "{bank} me cobraron {amount} pesos de más en mi tarjeta {card}, ¡ayuda!",
        ],
        Subject::Fees => &[
            "{bank} me cobraron {amount} pesos de comisión y nadie me explica por qué",
            "Las comisiones de {bank} son un abuso, {amount} pesos por no usar la tarjeta",
            "¿Cuánto cobra {bank} por transferencia al extranjero?",
            "{bank} subió otra vez los intereses, {n} por ciento, qué vergüenza",
        ],
        Subject::Branch => &[
            "{n} personas formadas y una sola ventanilla en la sucursal de {bank} en {place}",
            "La sucursal de {bank} en {place} cerrada {when} sin aviso",
            "¿A qué hora abre la sucursal de {bank} de {place} el sábado?",
            "Llevo {n} minutos en la fila de la sucursal de {bank}, cada vez peor",
        ],
        Subject::Service => &[
            "Gracias {bank}, resolvieron mi problema en {n} minutos. Excelente atención",
            "{bank} llevo {n} días esperando respuesta a mi queja, pésima atención",
            "En {bank} me colgaron el teléfono {when}. Nunca más",
            "La ejecutiva de {bank} en {place} fue muy amable, gracias",
            "{bank} ¿me pueden ayudar por mensaje directo?",
            "{bank} {n} días y nadie contesta, vaya mierda. Llámenme al {phone}",
        ],
        Subject::Rival => &[
            "La app de {rival} {down}, me cambio de banco",
            "Abrí una cuenta en {rival} en {n} minutos, muy fácil",
            "{rival} me cobró {amount} pesos de comisión {when}",
            "¿Alguien tiene cuenta en {rival}? ¿Qué tal atienden?",
            "Muy buena atención en {rival} de {place}, gracias",
        ],
        Subject::Spam => &[
            "💰 Gana ${amount} diarios desde casa con {bank} 👉 {spam_url}",
            "PRÉSTAMOS sin buró, {bank} te presta ya {spam_url} #dinero #préstamo",
            "Sorteo {bank}: sigue, da RT y gana ${amount} {spam_url}",
        ],
        Subject::Answer => &[
            "Hola, lamentamos lo ocurrido. Escríbenos por mensaje directo con tu número de cliente para ayudarte. {who}",
            "Hola, gracias por escribirnos. ¿Nos compartes por DM tu nombre y un teléfono? {who}",
            "Entendemos tu molestia. Revisamos tu caso hoy mismo, te escribimos por privado. {who}",
            "¡Gracias por contarnos! Nos alegra saberlo. {who}",
        ],
        Subject::OutageAnswer => &[
            "Hola, tenemos una intermitencia en la app y ya trabajamos para resolverla. Lamentamos la molestia. {who}",
            "Estamos atendiendo una falla en la banca en línea; cajeros y tarjetas operan con normalidad. {who}",
            "Gracias por avisarnos. El servicio se restablece poco a poco, intenta de nuevo en unos minutos. {who}",
        ],
        Subject::Thanks => &["Muchas gracias, muy amables", "¡Gracias por la atención! 🙌", "Listo, ya quedó. Gracias", "Mil gracias"],
        Subject::Insists => &[
            "Ya les mandé mensaje directo y sigo esperando, llevo {n} minutos",
            "Gracias, pero sigue igual: {when} lo intenté y nada",
            "¿Y cuándo me lo van a resolver? Son {amount} pesos",
            "Ya lo hice {when} y no sirve, ¿algún teléfono donde sí contesten?",
        ],
        Subject::News => &[
            "Con Banco Ejemplo paga la luz sin salir de casa 💡 {url}",
            "Conoce nuestra cuenta para jóvenes: cero comisiones hasta los 25 años {url}",
            "Recuerda: nunca pedimos tu NIP ni tu contraseña por teléfono. {url}",
        ],
    }
}

fn english(subject: Subject) -> &'static [&'static str] {
    match subject {
        Subject::Chatter => &[
            "Nothing beats {thing} {when}",
            "Still thinking about {thing}, {when} was wild",
            "Anyone else obsessed with {thing}?",
            "Up early {when}. Good morning everyone ☕",
            "My mom says {thing} was better back then lol",
            "Happy birthday to my sister, best person I know 🎂",
            "Saw {thing} {when}, no regrets",
            "Fun fact: {n} people in line for tacos at {place}",
            "I miss {place} so much — what a summer",
            "A thread about {thing} 🧵 {url}",
            "Who is going to {place} {when}?",
            "Not working {when}, just “contemplating” {thing}",
        ],
        Subject::App => &[
            "{bank} {app} {down} {when}",
            "{bank} your {app} {down}, I need to {why} and I can't",
            "Anyone know if the {bank} {app} {down}? Been trying for {n} minutes",
            "{when} the {app} of {bank} {down}. How much longer?",
            "Trying to {why} and the {bank} {app} {down} 😡",
            "{bank} can't log in for {n} minutes, the {app} {down}",
            "Terrible service: the {app} {down} and nobody at {bank} answers",
            "It's payday and the {bank} {app} {down}. Of course.",
            "I urgently need to {why} and {bank} {app} {down}, what do I do?",
            "It's not my phone, the {bank} {app} {down} for everyone",
        ],
        Subject::Outage => &[
            "{bank} {app} {down}: blank screen and error 503 😡",
            "Error 503 again, the {bank} {app} {down} and my paycheck is stuck",
            "Anyone else getting error 503? The {bank} {app} {down}",
            "Blank screen. The {bank} {app} {down} and I'm at the checkout",
            "My paycheck is stuck, {bank} {app} {down}, what do I do?",
        ],
        Subject::Fraud => &[
            "{bank} someone stole ${amount} from my account, I don't recognise this charge",
            "Careful, there is a text that says it's {bank}, it's a scam: they ask for your PIN",
            "{bank} unauthorized charge of ${amount} and nobody helps me",
            "My {bank} account was emptied {when}, ${amount} gone, I'm calling a lawyer",
            "{bank} my account was hacked, where do I report fraud?",
            "Is this email from {bank} fraud? It asks for my password",
        ],
        Subject::Card => &[
            "The {bank} ATM at {place} swallowed my card",
            "{bank} my card got declined {when} and I have money on it",
            "{bank} blocked my card without telling me, can't pay for anything",
            "{bank} ATM at {place} gave me no cash but charged me anyway",
            "{bank} how long does a replacement card take? It has been {n} days",
            "{bank} you charged ${amount} twice on my card {card}, please help",
        ],
        Subject::Fees => &[
            "{bank} charged me a ${amount} fee and nobody can explain why",
            "{bank} fees are a joke, ${amount} for not using the card",
            "How much does {bank} charge for a transfer abroad?",
            "{bank} raised its interest rate again, {n} percent, shameful",
        ],
        Subject::Branch => &[
            "{n} people waiting and one teller at the {bank} branch in {place}",
            "{bank} branch at {place} closed {when} without notice",
            "What time does the {bank} branch at {place} open on Saturday?",
            "{n} minutes in line at the {bank} branch, worse every time",
        ],
        Subject::Service => &[
            "Thank you {bank}, problem solved in {n} minutes. Excellent service",
            "{bank} waiting {n} days for an answer to my complaint, awful service",
            "{bank} hung up on me {when}. Never again",
            "The lady at the {bank} branch in {place} was so kind, thank you",
            "{bank} can you help me by direct message?",
            "{bank} {n} days and no answer, what the hell. Call me: {phone}",
        ],
        Subject::Rival => &[
            "The {rival} {app} {down}, I'm changing banks",
            "Opened an account at {rival} in {n} minutes, so easy",
            "{rival} charged me a ${amount} fee {when}",
            "Anyone with an account at {rival}? How is their service?",
            "Great service at {rival} in {place}, thank you",
        ],
        Subject::Spam => &[
            "💰 Earn ${amount} a day from home with {bank} 👉 {spam_url}",
            "LOANS with no credit check, {bank} lends today {spam_url} #money #loan",
            "{bank} giveaway: follow, repost and win ${amount} {spam_url}",
        ],
        Subject::Answer => &[
            "Hi, we're sorry about this. Please send us a DM with your customer number so we can help. {who}",
            "Hello, thanks for reaching out. Could you DM us your name and a phone number? {who}",
            "We understand how frustrating this is. We'll look into it today and write to you. {who}",
            "Thanks for telling us, it made our day! {who}",
        ],
        Subject::OutageAnswer => &[
            "Hi, some customers can't reach the app right now. We're on it and sorry for the trouble. {who}",
            "We're fixing a problem with online banking; cards and ATMs work as usual. {who}",
            "Thanks for letting us know. Service is coming back step by step, please try again in a few minutes. {who}",
        ],
        Subject::Thanks => &["Thank you so much, very kind", "Thanks for the quick help! 🙌", "All good now. Thank you", "Thanks a lot"],
        Subject::Insists => &[
            "I sent you a DM and I'm still waiting, it's been {n} minutes",
            "Thanks, but it's still the same: I tried {when}",
            "And when will you fix it? That's ${amount}",
            "I did that {when} and it doesn't work, is there a phone number where someone answers?",
        ],
        Subject::News => &[
            "Pay your bills without leaving home with Ejemplo Bank 💡 {url}",
            "Meet our account for students: zero fees until you're 25 {url}",
            "Remember: we never ask for your PIN or password on the phone. {url}",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filler_is_known_and_filled() {
        use Subject::*;
        let mut prng = Prng::new(2);
        for subject in [Chatter, App, Outage, Fraud, Card, Fees, Branch, Service, Rival, Spam, Answer, OutageAnswer, Thanks, Insists, News]
        {
            for lang in [Lang::Es, Lang::En] {
                for template in templates(subject, lang) {
                    for name in template.split('{').skip(1).filter_map(|t| t.split('}').next()) {
                        let known = ["n", "amount", "phone", "card", "url", "spam_url"].contains(&name) || fillers(name, lang).len() > 1;
                        assert!(known, "{{{name}}} in {template}");
                    }
                    let text = fill(&mut prng, template, lang);
                    assert!(!text.contains(['{', '}']), "{text}");
                }
            }
        }
    }

    #[test]
    fn habits_leave_names_alone() {
        let mut prng = Prng::new(4);
        let loud = Habits { plain: true, shouts: true, hasty: true };
        for _ in 0..200 {
            let text = typed(&mut prng, "¿Está caída la aplicación? @bancoejemplo https://ejemplo.mx/a #BancoEjemplo".into(), loud);
            assert!(text.contains("@bancoejemplo https://ejemplo.mx/a #BancoEjemplo"), "{text}");
            assert!(!text.contains(['á', 'ó', 'Á', 'Ó']), "{text}");
        }
        assert_eq!(without_marks("ñandú"), "ñandu");
    }
}
