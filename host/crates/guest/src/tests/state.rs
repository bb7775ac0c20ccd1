//! What events get of the key-value store counts before the store reads it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use store::{Limits as StoreLimits, Memory, SystemClock};

use super::*;
use crate::bindings::kv::{Host, Selection};
use crate::capabilities::{EventStoreLimits, KeyValues, KeyValuesUsed, StoreGrant};
use crate::current_event::CurrentEvent;

fn once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[tokio::test]
async fn what_events_get_waits_for_room_and_keeps_it_until_they_have_it() {
    let Served { namespace, .. } = serve(handle(""), Calls::Plain, &limits()).await;
    let runtime = Runtime::new(RuntimeLimits { memory: 8 << 20, ..limits().runtime }, None).unwrap();
    let copies = runtime.copies();
    let grant = StoreGrant::new(StoreLimits::default(), EventStoreLimits::default(), None);
    grant.open(Arc::new(Memory::new(Arc::new(SystemClock))));
    let current = || CurrentEvent::new(Some(EventContext::without_socket(namespace.clone())), "message".to_owned());
    let (first, second) = (current(), current());
    let (mut used, mut used_too) = (KeyValuesUsed::default(), KeyValuesUsed::default());
    let mut one = KeyValues { current: &first, grant: &grant, copies, used: &mut used };
    let mut two = KeyValues { current: &second, grant: &grant, copies, used: &mut used_too };
    for key in ["a", "b", "c", "d", "e"] {
        one.set(key.to_owned(), vec![0; 1 << 20], None).await.unwrap();
    }
    let all = || Selection { prefix: String::new(), cursor: None, limit: u32::MAX, keys_only: false };

    let page = one.list_entries(all()).await.unwrap();
    assert_eq!(page.entries.len(), 5);
    {
        // 3 MiB are left. A page may need 8, and a value 1.
        let mut listing = pin!(two.list_entries(all()));
        assert!(once(listing.as_mut()).is_pending());
        first.handed_over();
        assert!(listing.await.is_ok());
    }
    second.handed_over();
    assert!(two.get("a".to_owned()).await.unwrap().is_some());
    let mut rest = pin!(copies.room_for(8 << 20));
    assert!(once(rest.as_mut()).is_pending());
    second.handed_over();
    assert!(rest.await.is_some());
}
