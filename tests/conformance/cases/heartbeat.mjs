/** The heartbeat. Pings come every 400 ms, and pongs must within 600 ms. */

export default {
  group: "heartbeat",
  settings: "pings",
  cases: [
    {
      name: "the server pings, and the client's pongs keep the session open",
      steps: [["ws enter", "/"], ["ws pong"], ["ws pong"], ["ws pong"], ["ws sync", "/"]],
    },
    { name: "pings before any namespace is joined", steps: [["ws open"], ["ws receive"], ["ws pong"], ["ws pong"]] },
    { name: "a pong with data", steps: [["ws enter", "/"], ["ws receive"], ["ws send", "3data"], ["ws receive"]] },
    { name: "no pong over WebSocket", steps: [["ws enter", "/"], ["ws receiveAll"]] },
    {
      name: "no pong, though packets come",
      steps: [["ws enter", "/"], ["ws receive"], ["ws send", "6", "6"], ["ws receiveAll"]],
    },
    { name: "a ping of the client", steps: [["ws enter", "/"], ["ws send", "2"], ["ws receiveAll"]] },
    {
      name: "the reason that others see",
      steps: [["ws enter"], ["ws receive"], ["watch enter"], ["watch left", "ws"]],
    },
    {
      name: "pings in long-polling",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["poll request"],
        ["poll post", "3"],
        ["poll request"],
        ["poll post", "3"],
        ["poll request"],
      ],
    },
    {
      name: "no pong in long-polling, while a GET waits",
      steps: [["poll open"], ["poll join", "/"], ["poll request"], ["poll request"], ["poll request"]],
    },
    {
      name: "no pong in long-polling, while no GET waits",
      steps: [["poll open"], ["poll join", "/"], ["poll wait", 2000], ["poll request"]],
    },
    {
      name: "the heartbeat goes on after an upgrade",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["ws upgrade", "poll"],
        ["ws probe"],
        ["ws pong"],
        ["ws pong"],
        ["ws receiveAll"],
      ],
    },
  ],
};
