// SPDX-License-Identifier: Apache-2.0
// The real programs: how each is configured in front of a server of ours, and what comes of it.

/**
 * @typedef {object} Place
 * @property {string} folder for what it writes; `identity.pem` (certificate and key), `cert.pem` and `key.pem` are in it
 * @property {number} port where it has to listen, on 127.0.0.1, with TLS or not as `isTls` says
 * @property {number} http1 where a server of HTTP/1.1 listens
 * @property {number} http2 where one of HTTP/2 without TLS does
 */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} package Debian's
 * @property {string} program
 * @property {boolean} isTls
 * @property {200 | 101} status what a handshake with `http2: "prefer"`, or without TLS with "require", is answered with:
 * 200 over HTTP/2, 101 over HTTP/1.1
 * @property {Record<string, string>} [config] files to write, by name, with {FOLDER}, {PORT}, {HTTP1} and {HTTP2} in them
 * @property {string[]} args with the same in them
 * @property {{ why: string, cases: string[] }} [mayFail] cases of the contract that do not always pass through it
 */

/** The cases of the contract in which the server is the first to send. */
const serverSpeaksFirst = [
  "Ktor's page: send sends text content to the server",
  "Ktor's page: a raw session sees the Close frame, and readReason gets its reason",
  "Ktor's page: close sends a Close frame with the specified reason",
  "Ktor's page: the example, a conversation with the echo endpoint",
  "headers of the request reach the server",
  "query and path are the server's to see",
  "a frame that comes with the answer to the handshake is delivered",
  "a thousand messages arrive in order, one by one and in batches",
  "a slow reader loses nothing",
  "a raw session sees pings and fragments, and answers by hand",
  "a default session joins fragments and answers pings by itself",
  "the server's close ends incoming normally, and its reason is closeReason",
  "what was received before a close stays readable",
  "a block that throws closes with 1011, and its error is the caller's",
];

const haproxy = (bind, server) => `global
  maxconn 2000
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel 60s
frontend front
  bind 127.0.0.1:{PORT} ${bind}
  default_backend back
backend back
  server server 127.0.0.1:${server}
`;
const haproxyTls = "ssl crt {FOLDER}/identity.pem alpn h2,http/1.1";

const lighttpd = (more) => `server.document-root = "{FOLDER}"
server.port = {PORT}
server.bind = "127.0.0.1"
server.modules = ( "mod_proxy"${more === "" ? "" : ', "mod_openssl"'} )
server.errorlog = "{FOLDER}/error.log"
server.stream-response-body = 2
server.stream-request-body = 2
proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => {HTTP1} ) ) )
proxy.header = ( "upgrade" => "enable" )
${more}`;

const apache = `ServerName localhost
ServerRoot {FOLDER}
PidFile {FOLDER}/httpd.pid
DefaultRuntimeDir {FOLDER}
ErrorLog {FOLDER}/error.log
Mutex file:{FOLDER} default
Listen 127.0.0.1:{PORT}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
Protocols h2 http/1.1
H2WebSockets on
SSLEngine on
SSLCertificateFile {FOLDER}/cert.pem
SSLCertificateKeyFile {FOLDER}/key.pem
ProxyPass / http://127.0.0.1:{HTTP1}/ upgrade=websocket
`;

const nginx = `daemon off;
pid {FOLDER}/nginx.pid;
error_log {FOLDER}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path {FOLDER}/body;
  proxy_temp_path {FOLDER}/proxy;
  fastcgi_temp_path {FOLDER}/fastcgi;
  uwsgi_temp_path {FOLDER}/uwsgi;
  scgi_temp_path {FOLDER}/scgi;
  server {
    listen 127.0.0.1:{PORT} ssl http2;
    ssl_certificate {FOLDER}/cert.pem;
    ssl_certificate_key {FOLDER}/key.pem;
    location / {
      proxy_pass http://127.0.0.1:{HTTP1};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_set_header Host $http_host;
    }
  }
}
`;

const caddy = `{
  admin off
  auto_https off
  storage file_system {FOLDER}
}
https://127.0.0.1:{PORT} {
  bind 127.0.0.1
  tls {FOLDER}/cert.pem {FOLDER}/key.pem
  reverse_proxy 127.0.0.1:{HTTP1}
}
`;

/**
 * In front of a server that refuses what was not asked of its own port.
 * @type {Peer}
 */
export const haproxyForAutobahn = {
  name: "haproxy, without TLS, to Autobahn",
  package: "haproxy",
  program: "haproxy",
  isTls: false,
  status: 200,
  config: {
    "haproxy.cfg": `${haproxy("proto h2", "{HTTP1}")}  http-request set-header Host 127.0.0.1:{HTTP1}\n`,
  },
  args: ["-db", "-f", "{FOLDER}/haproxy.cfg"],
};

/** @type {Peer[]} */
export const peers = [
  {
    name: "haproxy, TLS, to HTTP/1.1",
    package: "haproxy",
    program: "haproxy",
    isTls: true,
    status: 200,
    config: { "haproxy.cfg": haproxy(haproxyTls, "{HTTP1}") },
    args: ["-db", "-f", "{FOLDER}/haproxy.cfg"],
  },
  {
    name: "haproxy, without TLS, to HTTP/1.1",
    package: "haproxy",
    program: "haproxy",
    isTls: false,
    status: 200,
    config: { "haproxy.cfg": haproxy("proto h2", "{HTTP1}") },
    args: ["-db", "-f", "{FOLDER}/haproxy.cfg"],
  },
  {
    name: "haproxy, TLS, to HTTP/2",
    package: "haproxy",
    program: "haproxy",
    isTls: true,
    status: 200,
    config: { "haproxy.cfg": haproxy(haproxyTls, "{HTTP2} proto h2 ws h2") },
    args: ["-db", "-f", "{FOLDER}/haproxy.cfg"],
  },
  {
    name: "nghttpx, TLS",
    package: "nghttp2-proxy",
    program: "nghttpx",
    isTls: true,
    status: 200,
    args: [
      "--conf=/dev/null",
      "--no-ocsp",
      "--workers=1",
      "-f127.0.0.1,{PORT}",
      "-b127.0.0.1,{HTTP1}",
      "{FOLDER}/key.pem",
      "{FOLDER}/cert.pem",
    ],
  },
  {
    name: "nghttpx, without TLS",
    package: "nghttp2-proxy",
    program: "nghttpx",
    isTls: false,
    status: 200,
    args: ["--conf=/dev/null", "--workers=1", "-f127.0.0.1,{PORT};no-tls", "-b127.0.0.1,{HTTP1}"],
  },
  {
    name: "lighttpd, TLS",
    package: "lighttpd-mod-openssl",
    program: "lighttpd",
    isTls: true,
    status: 200,
    config: {
      "lighttpd.conf": lighttpd('ssl.engine = "enable"\nssl.pemfile = "{FOLDER}/identity.pem"\n'),
    },
    args: ["-D", "-f", "{FOLDER}/lighttpd.conf"],
  },
  {
    name: "lighttpd, without TLS",
    package: "lighttpd",
    program: "lighttpd",
    isTls: false,
    status: 200,
    config: { "lighttpd.conf": lighttpd("") },
    args: ["-D", "-f", "{FOLDER}/lighttpd.conf"],
  },
  {
    name: "Apache, TLS",
    package: "apache2-bin",
    program: "apache2",
    isTls: true,
    status: 200,
    config: { "httpd.conf": apache },
    args: ["-DFOREGROUND", "-f", "{FOLDER}/httpd.conf"],
    mayFail: {
      why: "Apache loses what the server sends right behind its 101, now and then",
      cases: serverSpeaksFirst,
    },
  },
  {
    name: "nginx, TLS",
    package: "nginx-light",
    program: "nginx",
    isTls: true,
    status: 101,
    config: { "nginx.conf": nginx },
    args: ["-p", "{FOLDER}", "-e", "{FOLDER}/error.log", "-c", "{FOLDER}/nginx.conf"],
  },
  {
    name: "Caddy, TLS",
    package: "caddy",
    program: "caddy",
    isTls: true,
    status: 101,
    config: { Caddyfile: caddy },
    args: ["run", "--config", "{FOLDER}/Caddyfile", "--adapter", "caddyfile"],
  },
];
