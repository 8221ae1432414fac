//! Very frequent words of Spanish and English, so that a query is looked for by another of its words.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A word that is not listed is in fewer posts than this.
pub(super) const RARER: f64 = 0.015;

/// In about every third post.
static THIRD: &str = "\
a al and are as at be but by can con de del el en es esta for from get had has have he her his i if in is it \
its just la las le lo los me mi my no not of on or para pero por que se she si so su that the their they this \
to un una was we were what will with y ya you your";

/// In about one post of ten.
static TENTH: &str = "\
about after ahora all an ano anos asi aun back been before being bien bueno cada casa como cosas could cuando \
day dia dias did do does donde dos e eran ese eso esos estan estas este esto estos fue going good gracias \
great ha hace hacer han hasta hay here him how hoy http https im into know like love make mas mejor mis mucho \
muy nada nao new ni nos nosotros now o one only other our out over parte people porque pues q quien quiero \
right rt same sea see ser sido siempre sin sobre solo some son soy still sus tambien than thanks them then \
there these think tiene tienen time toda todo todos tu up us usted va vamos van very vez vida want way well \
when where which who why work would x xd year years yo";

/// In about one post of thirty.
static THIRTIETH: &str = "\
again algo alguien alguna algunos alla alli also amor another antes aquel aqui aunque away banco bank because \
best better between big came come contra creo cual cuenta dar days debe decir desde despues dice dicen dijo \
dinero don down durante each ella ellas ellos else entre era eres estaba estado estamos estoy ever every falta \
favor feliz few first forma fueron game gente gobierno gran grande gusta guys haber habia haciendo happy hecho \
help hola hombre home hope hora horas igual ir jaja jajaja last later left less let life line little live lol \
long look luego lugar made malo manana many may mayor medio menos mes mexico might mil mismo momento money \
more most mujer mundo must need never next night noche nothing nuestra nuestro nueva nuevo nunca off ojala old \
omg once otra otras otro otros own pais personas please pm poco poder presidente primer primera problema \
pueblo pueda puede pueden puedo put quiere read real really sabe saber said san say says seguir semana senor \
sera service should show side sigue since sino something soon stop such suerte take tal tan tanto tarde tell \
tener tengo tenia thank thing things though thought through tiempo todas todavia today toma too trabajo tres \
try two ultimo uno unos until usar use used using vas ve veces ver verdad viene visto voy wait watch week went \
while without world yeah yes yet";

/// How often a common word is in a post; none for the others. The lists have no marks, as a base form.
pub(super) fn often(base: &str) -> Option<f64> {
    static OFTEN: LazyLock<HashMap<&str, f64>> = LazyLock::new(|| {
        let lists = [(THIRD, 0.3), (TENTH, 0.1), (THIRTIETH, 0.03)];
        lists.into_iter().flat_map(|(list, often)| list.split(' ').map(move |word| (word, often))).collect()
    });
    OFTEN.get(base).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_base_forms_each_once() {
        let words: Vec<&str> = [THIRD, TENTH, THIRTIETH].iter().flat_map(|list| list.split(' ')).collect();
        assert!(words.iter().all(|w| !w.is_empty() && crate::text::base(w) == **w));
        assert_eq!(words.iter().collect::<std::collections::BTreeSet<_>>().len(), words.len());
        assert_eq!((often("que"), often("banco"), often("bancomer")), (Some(0.3), Some(0.03), None));
    }
}
