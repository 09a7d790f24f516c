use super::*;
use proptest::prelude::*;

/// The same text with every letter taken apart.
fn decomposed(text: &str) -> String {
    text.nfd().collect()
}

#[test]
fn folding() {
    let table = [
        ("Cấp giấy phép xây dựng", "cap giay phep xay dung"),
        ("ĐĂNG KÝ KHAI SINH", "dang ky khai sinh"),
        ("  Ủy ban\u{a0}\tnhân   dân \n", "uy ban nhan dan"),
        ("hòa / hoà", "hoa / hoa"),
        ("Nghị định 61/2018/NĐ-CP", "nghi dinh 61/2018/nd-cp"),
        ("ưỡn ẹo, quyển, nguệch", "uon eo, quyen, nguech"),
        ("Ðắk Lắk (eth)", "dak lak (eth)"),
        ("cấp\u{200b} \u{feff}giấy", "cap giay"),
        ("ខ្មែរ", "ខ្មែរ"),
        ("", ""),
        (" \u{a0} ", ""),
    ];
    for (text, folded) in table {
        assert_eq!(fold(text), folded);
        assert_eq!(fold(&decomposed(text)), folded);
    }
}

#[test]
fn every_vietnamese_letter_folds_to_its_base() {
    let letters = "aàảãáạăằẳẵắặâầẩẫấậ eèẻẽéẹêềểễếệ iìỉĩíị oòỏõóọôồổỗốộơờởỡớợ uùủũúụưừửữứự yỳỷỹýỵ dđ";
    for group in letters.split(' ') {
        let base = &group[..1];
        for letter in group.chars() {
            for text in [letter.to_string(), letter.to_uppercase().to_string()] {
                assert_eq!(fold(&text), base, "{text}");
                assert_eq!(fold(&decomposed(&text)), base, "{text}");
                assert_eq!(nfc(&decomposed(&text)), text);
            }
        }
    }
}

#[test]
fn words_to_search() {
    let table = [
        ("Đăng ký khai sinh", "dang ky khai sinh"),
        ("thủ tục 1.001193, 2.000815.", "thu tuc 1.001193 2.000815"),
        ("61/2018/NĐ-CP", "61 2018 nd cp"),
        ("H61.12-261119-0011", "h61.12 261119 0011"),
        ("... -- !", ""),
        ("(nhà ở);riêng lẻ", "nha o rieng le"),
    ];
    for (text, words) in table {
        assert_eq!(tokens(text).join(" "), words);
    }
    assert_eq!(tokens("ខ្មែរ ភាសា").len(), 2);
}

#[test]
fn initials_of_names() {
    let table = [
        ("Nguyễn Hoài Linh", "NL"),
        ("Ẩn", "Ẩ"),
        ("đỗ ngọc ửng", "ĐỬ"),
        ("  ", ""),
        ("Kim Sô-phe", "KS"),
        ("(A) Ba 4", "AB"),
    ];
    for (name, letters) in table {
        assert_eq!(initials(name), letters);
        assert_eq!(initials(&decomposed(name)), letters);
    }
}

#[test]
fn names_sort_as_on_vietnamese_lists() {
    let sorted = [
        "",
        "3",
        "An",
        "Nguyễn An",
        "Trần An",
        "Nguyễn Ái An",
        "Lê Văn An",
        "Nguyễn Văn An",
        "Lê Văn Bé An",
        "Nguyễn Hữu Ân",
        "Nguyễn Hữu Ẩn",
        "Sơn Thị Ngọc Ẩn",
        "Lê Bích",
        "Lê Cúc",
        "Lê Dung",
        "Lê Dũng",
        "Lê Đởm",
        "Lê Em",
        "Lê Ê",
        "Huỳnh Gia",
        "Lê Hà",
        "Trần Hà",
        "Lê Hạ",
        "Lê Hạnh",
        "Lê Hòa",
        "Lê Khang",
        "Lê Long",
        "Lê Lộc",
        "Lê Lợi",
        "Lê Ngỡi",
        "Phạm Quốc Thái",
        "Lê Tua",
        "Lê Tư",
        "Lê Từ",
        "Lê Tử",
        "Lê Tữ",
        "Lê Tứ",
        "Lê Tự",
        "Lê Vy",
        "Lê Xuân",
        "Lê Yến",
        "Kim ខ",
    ];
    for pair in sorted.windows(2) {
        assert!(name_key(pair[0]) < name_key(pair[1]), "{pair:?}");
    }
    for name in sorted {
        let key = name_key(name);
        assert!(key.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{key}");
        assert_eq!(name_key(&decomposed(name)), key);
        assert_eq!(name_key(&name.to_uppercase()), key);
        assert_eq!(name_key(&format!("  {} ", name.replace(' ', "   "))), key);
    }
    // both ways of writing a tone are one name to the list
    assert_eq!(name_key("Lê Hòa"), name_key("Lê Hoà"));
    assert_eq!(name_key("Y’ Bơ"), name_key("Y' Bơ"));
}

#[test]
fn all_letters_and_tones_in_order() {
    let letters = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz";
    let keys: Vec<String> = letters.chars().map(|letter| name_key(&letter.to_string())).collect();
    assert!(keys.is_sorted_by(|a, b| a < b));
    for vowels in [
        "aàảãáạ",
        "ăằẳẵắặ",
        "âầẩẫấậ",
        "eèẻẽéẹ",
        "êềểễếệ",
        "iìỉĩíị",
        "oòỏõóọ",
        "ôồổỗốộ",
        "ơờởỡớợ",
        "uùủũúụ",
        "ưừửữứự",
        "yỳỷỹýỵ",
    ] {
        let keys: Vec<String> = vowels.chars().map(|vowel| name_key(&format!("T{vowel}"))).collect();
        assert!(keys.is_sorted_by(|a, b| a < b), "{vowels}");
        // a tone never outweighs a letter
        assert!(keys.iter().all(|key| *key < name_key(&format!("T{}c", vowels.chars().next().unwrap()))));
    }
}

proptest! {
    #[test]
    fn folding_is_stable(text in "\\PC{0,30}") {
        let folded = fold(&text);
        prop_assert_eq!(fold(&folded), folded.clone());
        prop_assert_eq!(fold(&decomposed(&text)), folded.clone());
        prop_assert!(folded.trim() == folded && !folded.contains("  "));
        prop_assert!(name_key(&text).is_ascii());
        prop_assert!(tokens(&text).iter().all(|word| !word.is_empty()));
        let _ = initials(&text);
    }
}
