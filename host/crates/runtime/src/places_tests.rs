use super::*;

type Tickets = Places<&'static str>;

fn claim(tenant: usize, address: u8) -> Claim {
    Claim { tenant, client: Client::new(Some([10, 0, 0, address].into())) }
}

fn places(total: usize, tenants: usize) -> Tickets {
    let mut places = Places::new(total, None);
    for number in 0..tenants {
        assert_eq!(places.join(), number);
    }
    places
}

/// Takes places until there is none; how many there were.
fn fill(places: &mut Tickets, claim: Claim) -> usize {
    std::iter::from_fn(|| places.take(claim).then_some(())).count()
}

#[test]
fn an_address_leaves_a_quarter_and_a_component_its_neighbours_shares() {
    let mut places = places(512, 2);
    assert_eq!(fill(&mut places, claim(0, 1)), 288, "three quarters of the 384 that its component may have");
    assert_eq!(fill(&mut places, claim(0, 2)), 72, "three quarters of the rest");
    assert_eq!(fill(&mut places, claim(0, 3)), 18);
    assert!(places.take(claim(0, 4)));
    assert_eq!(fill(&mut places, claim(1, 1)), 100, "three quarters of its share of 128 and the last 5");
    assert!(places.take(claim(1, 2)));
}

#[test]
fn a_thousand_greedy_addresses_cannot_touch_another_components_share() {
    let mut places = places(16, 2);
    let taken = (0..=255).filter(|address| places.take(claim(0, *address))).count();
    assert_eq!(taken, 12);
    assert!(places.take(claim(1, 1)));
}

#[test]
fn few_places_are_of_use_to_one_address() {
    for (total, most) in [(1, 1), (2, 2), (3, 3), (4, 3), (8, 6)] {
        assert_eq!(fill(&mut places(total, 1), claim(0, 1)), most, "of {total}");
    }
}

#[test]
fn the_operator_may_set_another_bound_for_addresses() {
    let mut places: Tickets = Places::new(8, Some(usize::MAX));
    places.join();
    assert_eq!(fill(&mut places, claim(0, 1)), 8);
    let mut places: Tickets = Places::new(8, Some(2));
    places.join();
    assert_eq!(fill(&mut places, claim(0, 1)), 2);
}

#[test]
fn calls_without_a_client_are_bounded_by_their_component_only() {
    let mut places = places(8, 1);
    assert_eq!(fill(&mut places, Claim { tenant: 0, client: Client::new(None) }), 8);
}

#[test]
fn who_has_least_is_served_first() {
    let mut places = places(4, 1);
    let (greedy, modest, late) = (claim(0, 1), claim(0, 2), claim(0, 3));
    assert_eq!(fill(&mut places, greedy), 3);
    assert!(places.take(modest));
    for (claim, ticket) in [(greedy, "greedy"), (modest, "modest"), (late, "late")] {
        places.wait(claim, ticket);
    }
    assert_eq!(places.give_back(greedy), ["late"], "it has none, and the greedy one came first");
    assert_eq!(places.give_back(late), ["modest"], "it has one, the greedy one has two");
    assert_eq!(places.waiting(), 1);
    assert_eq!(places.held(), 4);
}

#[test]
fn among_equals_addresses_take_turns_and_events_of_one_keep_their_order() {
    let mut places = places(1, 1);
    let busy = Claim { tenant: 0, client: Client::new(None) };
    assert!(places.take(busy));
    for ticket in ["a1", "a2", "a3"] {
        places.wait(claim(0, 1), ticket);
    }
    places.wait(claim(0, 2), "b1");
    places.wait(claim(0, 2), "b2");
    let mut served = places.give_back(busy);
    while let Some(last) = served.last().copied() {
        let next = places.give_back(claim(0, if last.starts_with('a') { 1 } else { 2 }));
        if next.is_empty() {
            break;
        }
        served.extend(next);
    }
    assert_eq!(served, ["a1", "b1", "a2", "b2", "a3"]);
    assert_eq!((places.held(), places.waiting()), (0, 0));
}

#[test]
fn a_place_goes_to_the_component_that_has_fewest() {
    let mut places = places(4, 2);
    assert_eq!(fill(&mut places, claim(0, 1)), 3);
    assert!(places.take(claim(1, 1)));
    places.wait(claim(0, 1), "a");
    places.wait(claim(0, 2), "a, another address");
    places.wait(claim(1, 2), "b");
    assert_eq!(places.give_back(claim(0, 1)), ["b"]);
    assert_eq!(places.give_back(claim(1, 1)), ["a, another address"]);
    assert_eq!(places.give_back(claim(0, 1)), ["a"]);
}

#[test]
fn whoever_stops_waiting_gets_nothing() {
    let mut places = places(1, 1);
    assert!(places.take(claim(0, 1)));
    let one = places.wait(claim(0, 1), "one");
    let two = places.wait(claim(0, 2), "two");
    let three = places.wait(claim(0, 3), "three");
    assert!(places.cancel(claim(0, 1), one));
    assert!(!places.cancel(claim(0, 1), one));
    assert_eq!(places.give_back(claim(0, 1)), ["two"]);
    assert!(!places.cancel(claim(0, 2), two), "it has its place");
    assert!(places.cancel(claim(0, 3), three));
    assert_eq!(places.give_back(claim(0, 2)), [""; 0]);
    assert_eq!((places.held(), places.waiting()), (0, 0));
    assert!(places.tenants.iter().all(|tenant| tenant.clients.is_empty() && tenant.order.is_empty()));
}

#[test]
fn what_a_component_that_leaves_had_is_given_to_those_who_wait() {
    let mut places = places(4, 2);
    assert_eq!(fill(&mut places, claim(0, 1)), 3);
    places.wait(claim(0, 2), "waits for the other's share");
    assert_eq!(places.leave(1), ["waits for the other's share"]);
}

#[test]
fn idle_instances_hold_a_quarter_and_belong_to_no_client() {
    let mut places = places(4, 1);
    let (one, two) = (claim(0, 1), claim(0, 2));
    assert!(places.take(one) && places.take(one));
    assert!(places.rest(one));
    assert!(!places.rest(one), "one of four may rest");
    assert_eq!(places.held(), 2);
    assert!(places.resume(two));
    assert!(places.take(one) && places.take(one));
    places.wait(two, "waits");
    assert!(!places.rest(one), "somebody waits");
    assert_eq!(places.give_back(one), ["waits"]);
}

#[test]
fn a_greedy_address_gets_no_idle_instance_either() {
    let mut places = places(4, 1);
    let (greedy, other) = (claim(0, 1), claim(0, 2));
    assert_eq!(fill(&mut places, greedy), 3);
    assert!(places.take(other) && places.rest(other));
    assert!(!places.resume(greedy));
    assert!(places.resume(other));
    assert!(places.rest(other));
    places.wait(greedy, "greedy");
    assert_eq!(places.give_back_resting(0), [""; 0]);
    assert_eq!(places.give_back(greedy), ["greedy"]);
}

#[test]
fn a_network_of_ipv6_is_one_client() {
    let client = |address: &str| Client::new(Some(address.parse().unwrap()));
    assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:2"));
    assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    assert_eq!(client("::ffff:10.0.0.1"), client("10.0.0.1"));
    assert_ne!(client("10.0.0.1"), client("10.0.0.2"));
}
