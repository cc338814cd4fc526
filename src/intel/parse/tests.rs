//! What becomes of mails, honest and hostile.

use super::message::*;
use crate::intel::mail::{Message, Oddity};

fn parsed(text: &str) -> Message {
    parse(text.replace('\n', "\r\n").as_bytes()).expect("it is a mail")
}

const NESTED: &str = "From: \"Ann, Desk\" <ANN@x.com>
To: bo@y.com, Cy <cy@z.com>
Date: Mon, 23 Nov 2026 10:00:00 -0500
Message-ID: <m2@x>
In-Reply-To: <m1@x>
References: <m0@x> <m1@x>
Subject: =?utf-8?Q?Caf=C3=A9?= AAPL
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=o

--o
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Caf=E9 at ten.
> earlier
-- 
Ann
--i
Content-Type: text/html

<p>other</p>
--i--
--o
Content-Type: text/csv; name=p.csv
Content-Disposition: attachment; filename=p.csv

AAPL,1
--o--
";

#[test]
fn a_nested_mail_is_taken_apart() {
    let mail = parsed(NESTED);
    assert_eq!(mail.id.0, "m2@x");
    assert_eq!(mail.thread.0, "m0@x", "a thread is named by its first mail");
    assert_eq!(mail.subject, "Café AAPL");
    assert_eq!(mail.from.as_ref().map(|from| from.address.as_str()), Some("ann@x.com"));
    assert_eq!(mail.to.len(), 2);
    assert_eq!(mail.at.map(|at| at.to_string()).as_deref(), Some("2026-11-23T15:00:00Z"));
    assert_eq!((&*mail.body, &*mail.quoted, &*mail.signature), ("Café at ten.", "earlier", "Ann"));
    let [csv] = &mail.attachments[..] else { unreachable!("one attachment: {mail:?}") };
    assert_eq!(
        (&*csv.name, &*csv.kind, csv.text.as_deref()),
        ("p.csv", "text/csv", Some("AAPL,1"))
    );
    assert_eq!(mail.oddities, []);
}

#[test]
fn html_becomes_text_and_hostile_letters_go() {
    let mail = parsed(
        "From: a@b\nSubject: x\x1b]52;c;aGk=\x07y\u{202E}z\nContent-Type: text/html; charset=utf-8\n\n\
         <style>p{}</style><p>Buy&nbsp;&lt;now&gt;\x1b[2J</p><script>evil()</script>",
    );
    assert_eq!(mail.subject, "x]52;c;aGk=yz");
    assert!(mail.body.contains("<now>[2J") && !mail.body.contains("evil"), "{:?}", mail.body);
    let expected = [Oddity::NoId, Oddity::NoDate, Oddity::ControlCharacters];
    assert_eq!(mail.oddities, expected);
}

#[test]
fn what_is_no_mail_is_refused_with_a_reason() {
    assert_eq!(parse(b""), Err(ParseError::NoHeader));
    let long = vec![b'a'; MESSAGE_MAX + 1];
    assert_eq!(parse(&long), Err(ParseError::TooLong(MESSAGE_MAX + 1)));
    let deep = "Content-Type: message/rfc822\n\n".repeat(NESTED_MAX + 1);
    assert_eq!(parse(deep.as_bytes()), Err(ParseError::TooDeep(NESTED_MAX + 1)));
}

#[test]
fn long_texts_are_cut_and_say_so() {
    let body = "word ".repeat(BODY_MAX / 4);
    let mail = parsed(&format!("From: a@b\nMessage-ID: <1>\n\n{body}"));
    assert!(mail.body.len() <= BODY_MAX && mail.oddities.contains(&Oddity::BodyCut));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, at in 0_usize..NESTED.len(), by: u8) {
        let _ = parse(&bytes);
        let mut mail = NESTED.as_bytes().to_vec();
        mail[at] = by;
        let _ = parse(&mail);
    }
}
