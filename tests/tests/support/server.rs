//! A server that is killed and comes back.

use sqlx::Connection;
use tests::PrivatePostgres;

#[tokio::test]
async fn killed_server_restarts_at_same_url_with_committed_rows() {
    let Some(mut server) = PrivatePostgres::start() else { return };
    let mut connection = server.url().connect().await;
    sqlx::query("CREATE TABLE work (id bigint)").execute(&mut connection).await.unwrap();
    let url = server.url().to_string();
    for id in 0..3_i64 {
        sqlx::query("INSERT INTO work VALUES ($1)").bind(id).execute(&mut connection).await.unwrap();
        sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
        sqlx::query("INSERT INTO work VALUES (-1)").execute(&mut connection).await.unwrap();

        server.kill();
        assert!(connection.ping().await.is_err(), "killed below a connection");
        assert!(sqlx::PgConnection::connect(&url).await.is_err(), "nobody listens");

        server.restart();
        assert_eq!(server.url().to_string(), url);
        connection = server.url().connect().await;
        let rows: Vec<i64> =
            sqlx::query_scalar("SELECT id FROM work ORDER BY id").fetch_all(&mut connection).await.unwrap();
        assert_eq!(rows, (0..=id).collect::<Vec<_>>());
    }
}
