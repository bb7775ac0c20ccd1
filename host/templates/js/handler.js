const ns = new RealtimeNamespace('/hello');

ns.socket.on('$connect', () => {
  const { name } = ns.socket.handshake.auth;
  if (!name) throw new ConnectError('who are you?', { missing: 'auth.name' });
  ns.socket.data.name = name;
});

// What a handler returns acknowledges the event.
ns.socket.on('add', (a, b) => a + b);

ns.socket.on('shout', (text) => ns.emit('shouted', { by: ns.socket.data.name, text: text.toUpperCase() }));

module.exports = ns;
