//! A shop with a look of its own: what is right in it is used, and what is not leaves the shop as it was.

use std::path::Path;
use std::process::Command;

use crate::support::browser::Browser;
use crate::support::shop::{Setup, TestShop};

fn dress(data_dir: &Path) {
    for (name, text) in [
        (
            "theme/storefront/home.html",
            "{% extends \"layout.html\" %}{% block main %}<main id=\"main\">Our own {{ shop_name }}</main>{% endblock %}",
        ),
        (
            "theme/storefront/search.html",
            "{% extends \"layout.html\" %}\n{% block main %}\n{{ nobody_knows }}{% endblock %}",
        ),
        ("theme/storefront/lookup.html", "{% if %}"),
        ("theme/letters/order_confirmed.txt", "Our own letter about {{ number }}."),
        ("theme/tokens.css", ":root { --celadon-800: #123456 }"),
        ("locales/en/mine.ftl", "cart-empty = Nothing chosen yet.\nletter-confirmed-heading = Hurrah.\n"),
    ] {
        let file = data_dir.join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, text).expect("a file");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_right_in_a_theme_is_used_and_what_is_not_closes_nothing() {
    let shop = TestShop::on_sqlite_with(Setup { prepare: Some(dress), ..Setup::default() }).await;
    let browser = Browser::new(&shop);
    let home = browser.get("/").await.text;
    assert!(home.contains("Our own My shop"), "{home}");
    for (path, words) in [("/search", "name=\"q\""), ("/orders", "name=\"number\"")] {
        let page = browser.get(path).await;
        assert!(page.status == 200 && page.text.contains(words), "{path}: {}", page.text);
    }
    assert!(browser.get("/cart").await.text.contains("Nothing chosen yet."));
    let sheet = home.split_once("/assets/shop.css?v=").expect("a style sheet").1.split('"').next().expect("a version");
    let plain = stockhold::web::assets::version("shop.css");
    assert_ne!(sheet, plain, "browsers that keep the old one ask for the new one");
    assert!(browser.get(&format!("/assets/shop.css?v={sheet}")).await.text.trim_end().ends_with("#123456 }"));

    // The shop's own words and templates are in its letters too.
    shop.stock("mug", 1).await;
    let id = shop.paid(&[("mug", 1)]).await;
    let letter = shop.shop.mailer.stored().remove(0);
    assert_eq!(letter.text, format!("Our own letter about {}.", shop.view(id).await.number));
    assert!(letter.html.contains("Hurrah."), "{}", letter.html);
}

#[test]
fn the_command_names_each_mistake_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let theme = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stockhold"));
        let done =
            command.arg("theme").args(words).arg("--data-dir").arg(folder.path()).env_remove("DATABASE_URL").output();
        let done = done.expect("it runs");
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    assert!(theme(&["eject"]).1.contains("storefront/product.html\n"));
    let (code, place) = theme(&["eject", "storefront/product.html", "locales/zh-CN/shop.ftl"]);
    assert!(code == Some(0) && folder.path().join("theme/storefront/product.html").is_file(), "{place}");
    assert_eq!(theme(&["eject", "storefront/product.html"]).0, Some(2), "nothing is overwritten");
    assert_eq!((theme(&["check"]), theme(&["diff"])), ((Some(0), String::new()), (Some(0), String::new())));
    std::fs::write(folder.path().join("theme/.originals/storefront/product.html"), "<p>as it was</p>\n")
        .expect("a file");
    let (code, changes) = theme(&["diff"]);
    assert!(code == Some(0) && changes.contains("-<p>as it was</p>") && changes.contains("+{% extends"), "{changes}");
    dress(folder.path());
    let (code, told) = theme(&["check"]);
    assert_eq!(code, Some(6), "{told}");
    for line in ["theme/storefront/search.html:3: nothing is called nobody_knows", "theme/storefront/lookup.html:1: "] {
        assert!(told.contains(line), "{line} in {told}");
    }
}
