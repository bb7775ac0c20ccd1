/** What the server does not wait for: the end of an upgrade, and the first namespace. */

export default {
  group: "timeouts",
  settings: "impatient",
  cases: [
    {
      name: "a WebSocket that never probes is closed, and polling goes on",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["ws upgrade", "poll"],
        ["ws receiveAll"],
        ["poll post", '42999["name"]'],
        ["poll receive"],
      ],
    },
    {
      name: "a WebSocket that probes and never upgrades is closed, and polling goes on",
      steps: [
        ["poll open"],
        ["poll join", "/"],
        ["ws upgrade", "poll"],
        ["ws send", "2probe"],
        ["ws receiveAll"],
        ["poll post", '42999["name"]'],
        ["poll receive"],
      ],
    },
    { name: "a session on WebSocket that joins nothing", steps: [["ws open"], ["ws receiveAll"]] },
    { name: "a session in long-polling that joins nothing", steps: [["poll open"], ["poll receiveAll"]] },
    {
      name: "a session that was refused by the only namespace it wanted",
      steps: [["ws open"], ["ws receive"], ["ws send", "40/nowhere,"], ["ws receiveAll"]],
    },
    {
      name: "a session whose client was rejected",
      steps: [["ws open"], ["ws receive"], ["ws send", '40/probe,{"mode":"reject"}'], ["ws receiveAll"]],
    },
    {
      name: "a session that has left its only namespace stays",
      steps: [
        ["ws enter", "/"],
        ["ws send", "41"],
        ["ws wait", 1000],
        ["ws join", "/other"],
        ["ws sync", "/other"],
      ],
    },
    {
      name: "a namespace in time",
      steps: [
        ["ws enter", "/"],
        ["ws wait", 1000],
        ["ws sync", "/"],
      ],
    },
  ],
};
