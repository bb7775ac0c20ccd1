//! What the load uses, on socketioxide, with native handlers. Listens on a free port, which it prints as the host does.

use std::time::Duration;

use axum::Router;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};
use tokio::net::TcpListener;
use tokio::time::sleep;

#[tokio::main]
async fn main() {
    let (layer, io) = SocketIo::builder().max_buffer_size(4096).build_layer();
    io.ns("/bench", async |socket: SocketRef| {
        // A socket that has just closed is an error of what is sent to it.
        socket.on("echo", async |Data(value): Data<Value>, ack: AckSender| {
            let _ = ack.send(&value);
        });
        socket.on("join", async |socket: SocketRef, Data(room): Data<String>, ack: AckSender| {
            socket.join(room);
            let _ = ack.send(&());
        });
        socket.on("say", async |socket: SocketRef, Data((room, text)): Data<(String, String)>| {
            let _ = socket.within(room).emit("said", &text).await;
        });
    });
    io.ns("/probe", async |socket: SocketRef| {
        socket.on("sleep", async |Data(ms): Data<u64>, ack: AckSender| {
            sleep(Duration::from_millis(ms)).await;
            let _ = ack.send(&ms);
        });
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("listening on http://{}", listener.local_addr().unwrap());
    axum::serve(listener, Router::new().layer(layer)).await.unwrap();
}
