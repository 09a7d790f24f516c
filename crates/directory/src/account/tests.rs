//! The rules for people's data, as tables.

use super::rules::{Wrong, check_email, check_login, check_name, check_password, fold_login};

#[test]
fn names_are_two_words_of_letters() {
    for name in ["Nguyễn Hữu Ẩn", "Thạch Sa Rây", "Y Ban", "Jean-Luc d’Arc"] {
        assert_eq!(check_name(name), Ok(()), "{name}");
    }
    for (name, why) in [("", Wrong::Missing), ("Hoa", Wrong::NotAName), ("Lê 3", Wrong::NotAName)] {
        assert_eq!(check_name(name), Err(why), "{name}");
    }
    assert_eq!(check_name(&"Lê ".repeat(80)), Err(Wrong::TooLong { most: 150 }));
}

#[test]
fn passwords_are_long_mixed_and_tell_nobody() {
    let known = ["086090123456", "0909000101"];
    let table = [
        ("", Err(Wrong::Missing)),
        ("ngan1", Err(Wrong::ShortPassword { least: 8, has: 5 })),
        ("chicochu", Err(Wrong::PlainPassword)),
        ("1234567890", Err(Wrong::PlainPassword)),
        ("a0909000101", Err(Wrong::PasswordTellsWho)),
        ("MatKhau123", Err(Wrong::CommonPassword)),
        ("MẬTKHẨU123", Err(Wrong::CommonPassword)),
        ("CuuLong-2026", Ok(())),
        ("hoa sen nở 7 cánh", Ok(())),
    ];
    for (password, expected) in table {
        assert_eq!(check_password(password, &known), expected, "{password}");
    }
    let long = format!("a1{}", "x".repeat(300));
    assert_eq!(check_password(&long, &known), Err(Wrong::TooLong { most: 256 }));
}

#[test]
fn logins_and_mail() {
    assert_eq!(check_login("motcua.phuochau"), Ok(()));
    for login in ["mc", "1motcua", "một.cửa", "mot cua"] {
        assert_eq!(check_login(login), Err(Wrong::BadLogin), "{login}");
    }
    for mail in ["", "a@b.vn", "ten.ho@vinhlong.gov.vn"] {
        assert_eq!(check_email(mail), Ok(()), "{mail}");
    }
    for mail in ["a", "@b.vn", "a@b", "a@b..vn", "a b@c.vn", "a@b@c.vn", "ă@b.vn"] {
        assert_eq!(check_email(mail), Err(Wrong::NotMail), "{mail}");
    }
}

#[test]
fn a_login_has_one_form_however_it_is_typed() {
    assert_eq!(fold_login(" MotCua.PhuocHau "), "motcua.phuochau");
    assert_eq!(fold_login("086 090 123 456"), "086090123456");
    assert_eq!(fold_login("086.090.123.456"), "086090123456");
    assert_eq!(fold_login("motcua2.phuochau"), "motcua2.phuochau");
}
