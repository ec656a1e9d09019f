//! TLS that is there, and Unix sockets.

use lilong_tests::in_process;

use super::*;

/// Asks a source whose block is this; what it answers, or the code of its error.
async fn answer(silo: &Silo, block: &str) -> Result<Value, String> {
    let city = City::empty();
    city.database("civil.sqlite", CIVIL);
    // Described over the plain way: what is tried here is fetching.
    city.write("lilong.toml", &catalog(&silo.block(silo.address), ""));
    let described = in_process::describe(city.folder()).await;
    city.write("lilong.toml", &catalog(block, ""));
    let gateway = in_process::serve_described(city.folder(), &described).await;
    let answer = ask(&gateway, QUESTION).await;
    match answer["errors"][0]["extensions"]["code"].as_str() {
        None => Ok(answer),
        Some(code) => Err(code.to_owned()),
    }
}

#[tokio::test]
async fn a_server_is_known_by_its_authority() {
    for server in SERVERS {
        let Some(mut silo) = Silo::new(server, HEALTH).await else {
            continue;
        };
        let authority = silo.authority().await.display().to_string();
        let name = silo.name.clone();
        let plain = silo.block(silo.address);
        let refused = || Err("SOURCE_UNAVAILABLE".to_owned());
        for (tls, expected) in [
            ("tls = \"off\"\n".to_owned(), Ok(whole())),
            ("tls = \"require\"\n".to_owned(), Ok(whole())),
            ("tls = \"verify\"\n".to_owned(), refused()),
            (format!("tls = \"verify\"\ntls_ca = \"{authority}\"\n"), Ok(whole())),
            ("tls = \"verify\"\ntls_ca = \"no such file\"\n".to_owned(), refused()),
        ] {
            assert_eq!(answer(&silo, &format!("{plain}{tls}")).await, expected, "{server:?} {tls}");
        }
        // A name that the certificate does not have.
        let other = plain.replace("127.0.0.1", "127.0.0.2");
        let tls = format!("tls = \"verify\"\ntls_ca = \"{authority}\"\n");
        assert_eq!(answer(&silo, &format!("{other}{tls}")).await, refused(), "{server:?}");
        if server == Server::MySql {
            silo.run(&format!("ALTER USER {name} REQUIRE SSL")).await;
            let tls = format!("{plain}tls = \"verify\"\ntls_ca = \"{authority}\"\n");
            let city = City::empty();
            city.database("civil.sqlite", CIVIL);
            city.write("lilong.toml", &catalog(&tls, ""));
            let gateway = lilong_tests::serve(city.folder()).await;
            assert_eq!(ask(&gateway, QUESTION).await, whole(), "a login that must have TLS has it");
        }
    }
}

#[tokio::test]
async fn a_unix_socket_is_a_way_too() {
    for server in SERVERS {
        let Some(mut silo) = Silo::new(server, HEALTH).await else {
            continue;
        };
        let (name, connector) = (silo.name.clone(), silo.connector());
        let url = match server {
            Server::Postgres => {
                let folder = silo.ask("SHOW data_directory").await;
                let login = format!("user={name}&password=hunter2&port={}", silo.address.port());
                format!("{connector}:///{name}?host={folder}&{login}")
            }
            Server::MySql => {
                let socket = silo.ask("SELECT CAST(@@socket AS CHAR)").await;
                format!("{connector}://{name}:hunter2@localhost/{name}?socket={socket}")
            }
        };
        let block = format!("connector = \"{connector}\"\nurl = \"{url}\"\n");
        assert_eq!(answer(&silo, &block).await, Ok(whole()), "{server:?}");
    }
}
