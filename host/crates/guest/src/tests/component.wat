;; A component of one of the two worlds, for tests. The test puts in what `handle` does; words in braces are replaced.
;;
;; Memory: the operator at 0 (all zero: every socket), a list of one room at 32, what calls return at 64, the letters at
;; 512, the description at 1024, what `handle` and `run` return at 2048 (all zero: nothing), the schedules at 3072 (all
;; zero: none), what `realloc` gives out from 4096.
(component
  (import "realtime:gateway/types@0.1.0" (instance $types
    (type $attachments (list (list u8)))
    (type $payload' (record (field "json" string) (field "attachments" $attachments)))
    (export "payload" (type $payload (eq $payload')))
    (type $event' (record (field "name" string) (field "payload" $payload) (field "wants-ack" bool)))
    (export "event" (type (eq $event')))
    (type $description' (record
      (field "namespace" (option string)) (field "events" (list string)) (field "any-event" bool)))
    (export "description" (type (eq $description')))
    (type $rejection' (record (field "message" string) (field "data" (option string))))
    (export "rejection" (type $rejection (eq $rejection')))
    (type $handler-error' (variant
      (case "rejected" $rejection) (case "invalid-arguments" string) (case "failed" string)))
    (export "handler-error" (type (eq $handler-error')))
    (type $schedule' (record (field "name" string) (field "times" string) (field "time-zone" (option string))))
    (export "schedule" (type (eq $schedule')))
    (type $options' (flags "exclude-sender" "volatile" "local"))
    (export "operator-options" (type $options (eq $options')))
    (type $operator' (record
      (field "rooms" (list string)) (field "except" (list string)) (field "options" $options)))
    (export "operator" (type (eq $operator')))
    (type $answers' (record (field "received" (list $payload)) (field "missing" u32)))
    (export "answers" (type (eq $answers')))
    (type $error' (variant
      (case "not-connected") (case "invalid-payload" string) (case "reserved-event" string)
      (case "payload-too-large" u64) (case "rate-limited" string) (case "timeout") (case "not-allowed" string)
      (case "other" string)))
    (export "error" (type (eq $error')))))
  (alias export $types "payload" (type $payload))
  (alias export $types "event" (type $event))
  (alias export $types "description" (type $description))
  (alias export $types "handler-error" (type $handler-error))
  (alias export $types "schedule" (type $schedule))
  (alias export $types "operator" (type $operator))
  (alias export $types "answers" (type $answers))
  (alias export $types "error" (type $error))
  (import "realtime:gateway/broadcast-operator@0.1.0" (instance $broadcast
    (alias outer 1 $operator (type $operator'))
    (export "operator" (type $operator (eq $operator')))
    (alias outer 1 $payload (type $payload'))
    (export "payload" (type $payload (eq $payload')))
    (alias outer 1 $answers (type $answers'))
    (export "answers" (type $answers (eq $answers')))
    (alias outer 1 $error (type $error'))
    (export "error" (type $error (eq $error')))
    (export "sockets-join" (func
      (param "operator" $operator) (param "rooms" (list string)) (result (result (error $error)))))
    (export "emit-with-ack" (func
      (param "operator" $operator) (param "event" string) (param "payload" $payload) (param "timeout-ms" u32)
      (result (result $answers (error $error)))))))
  {ASYNC_CALLS}
  {HTTP_TYPES}

  (core module $Memory
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $memory (instantiate $Memory))
  (core func $sockets-join (canon lower (func $broadcast "sockets-join")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core func $ask (canon lower (func {ASK})
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (type $returned (result (option $payload) (error $handler-error)))
  (type $ran (result (error $handler-error)))
  {TASK_RETURN}

  (core module $Main
    (import "memory" "memory" (memory 1))
    (import "host" "sockets-join" (func $sockets-join (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "ask" (func $host-ask
      (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
    {IMPORTS}
    (data (i32.const 512) "abcdefgh")
    (data (i32.const 1044) "\01")
    (func (export "describe") (result i32) {DESCRIBE} (i32.const 1024))
    ;; Has all sockets join the room of one letter; returns whether the host refused.
    (func $join (param $letter i32) (result i32)
      (i32.store (i32.const 32) (i32.add (i32.const 512) (local.get $letter)))
      (i32.store (i32.const 36) (i32.const 1))
      (call $sockets-join (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 32) (i32.const 1) (i32.const 64))
      (i32.load8_u (i32.const 64)))
    ;; Asks all sockets, and waits for so many milliseconds.
    (func $ask (param $milliseconds i32) (result i32)
      (i32.store16 (i32.const 256) (i32.const 0x5d5b)) ;; []
      (call $host-ask (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 512) (i32.const 1) (i32.const 256) (i32.const 2) (i32.const 0) (i32.const 0)
        (local.get $milliseconds) (i32.const 64))
      (i32.load8_u (i32.const 64)))
    (func $handle (export "handle") (param $name i32) (param $name-length i32) (param $json i32)
      (param $json-length i32) (param $attachments i32) (param $attachments-length i32) (param $wants-ack i32)
      (result i32)
      {HANDLE}
      (i32.const 2048))
    (func (export "answer") (param $request i32) (param $out i32)
      {ANSWER})
    (func (export "schedules") (result i32) {SCHEDULES} (i32.const 3072))
    (func $run (export "run") (param $name i32) (param $name-length i32) (param $due i64) (result i32)
      {RUN}
      (i32.const 2048))
    {FUNCTIONS})
  (core instance $main (instantiate $Main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "sockets-join" (func $sockets-join))
      (export "ask" (func $ask))
      {TASK_RETURN_EXPORT}))))

  (func $describe (result $description) (canon lift (core func $main "describe")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (type $handle-type (func {ASYNC} (param "event" $event) (result $returned)))
  (func $handle (type $handle-type) (canon lift {LIFT} (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (instance $handler (export "describe" (func $describe)) (export "handle" (func $handle)))
  (export "{EXPORT}" (instance $handler))
  {HTTP_EXPORT}
  {SCHEDULED_EXPORT})
