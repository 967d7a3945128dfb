"""Flask behind gunicorn, with either of two drivers: the same call, the same rows, the same bytes."""
import hmac
import json
import os
import re
from datetime import datetime, timezone

from flask import Flask, Response, request

if os.environ["BENCH_DRIVER"] == "PyMySQL":
    import pymysql as driver
else:
    import MySQLdb as driver

settings = json.loads(os.environ["BENCH_PEER"])
pepper = settings["pepper"].encode()
key_pattern = re.compile(r"^Bearer pvr_([0-9a-z]{12})_([0-9a-z]{50})$")
database = None

KEY = "SELECT panel_id, secret_mac, expires_at, revoked_at FROM panel_keys WHERE id = %s"
VIEW = """SELECT s.service_id, s.customer_id, s.state, s.plan, s.suspended_reason, s.suspended_at, s.created_at,
    s.updated_at, s.deleted_at, t.email, t.subdomain, t.vmid, t.private_ip, t.public_ip, t.memory_mb, t.disk_mb,
    t.proxy_enabled, b.used, b.lim, d.used, d.lim,
    o.id, o.kind, o.state, o.step_name, o.percent, o.message, o.cancel_requested, o.created_at, o.finished_at
  FROM services s JOIN sites t ON t.id = s.id
  LEFT JOIN quotas b ON b.panel_id = s.panel_id AND b.kind = s.kind AND b.service_id = s.service_id
    AND b.resource = 'backups'
  LEFT JOIN quotas d ON d.panel_id = s.panel_id AND d.kind = s.kind AND d.service_id = s.service_id
    AND d.resource = 'domains'
  LEFT JOIN operations o ON o.id = (SELECT p.id FROM operations p
    WHERE p.panel_id = s.panel_id AND p.service_kind = s.kind AND p.service_id = s.service_id
    ORDER BY p.id DESC LIMIT 1)
  WHERE s.panel_id = %s AND s.kind = 'site' AND s.service_id = %s"""

app = Flask(__name__)


def fetch_one(sql, values):
    """Every worker process keeps one connection."""
    global database
    if database is None:
        where = settings["database"]
        database = driver.connect(
            host=where["host"], port=where["port"], user=where["user"], database=where["database"],
            charset="utf8mb4", autocommit=True,
        )
    cursor = database.cursor()
    cursor.execute(sql, values)
    row = cursor.fetchone()
    cursor.close()
    return row


def instant(at):
    if at is None:
        return None
    moment = datetime.fromtimestamp(at / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (at % 1000)


def panel_of(authorization):
    match = key_pattern.match(authorization or "")
    if not match:
        return None
    row = fetch_one(KEY, (match.group(1),))
    if not row:
        return None
    panel_id, known, expires_at, revoked_at = row
    mac = hmac.new(pepper, f"{match.group(1)}:{match.group(2)}".encode(), "sha256").hexdigest()
    if not hmac.compare_digest(mac, known) or revoked_at is not None:
        return None
    if expires_at is not None and expires_at <= datetime.now(timezone.utc).timestamp() * 1000:
        return None
    return panel_id


def answer(body, status=200):
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return Response(text, status=status, mimetype="application/json")


@app.get("/v1/sites/<service_id>")
def get_site(service_id):
    panel_id = panel_of(request.headers.get("Authorization"))
    if panel_id is None:
        return answer({"error": "Unknown key"}, 401)
    row = fetch_one(VIEW, (panel_id, service_id))
    if row is None:
        return answer({"error": "Not found"}, 404)
    (service, customer_id, state, plan, reason, suspended_at, created_at, updated_at, deleted_at, email, subdomain,
     vmid, private_ip, public_ip, memory_mb, disk_mb, proxy_enabled, b_used, b_lim, d_used, d_lim,
     o_id, o_kind, o_state, o_step, o_percent, o_message, o_cancel, o_created, o_finished) = row
    return answer({
        "service_id": service,
        "customer_id": customer_id,
        "state": state,
        "plan": plan,
        "email": email,
        "subdomain": subdomain,
        "hostname": f"{subdomain}.sites.localhost",
        "url": f"http://{subdomain}.sites.localhost:{settings['sitesPort']}/",
        "vmid": vmid,
        "private_ip": private_ip,
        "public_ip": public_ip,
        "suspension": None if suspended_at is None else {"reason": reason, "since": instant(suspended_at)},
        "memory_mb": memory_mb,
        "disk_mb": disk_mb,
        "proxy_enabled": proxy_enabled == 1,
        "quotas": {
            "backups": {"used": b_used, "limit": b_lim},
            "domains": {"used": d_used, "limit": d_lim},
        },
        "created_at": instant(created_at),
        "updated_at": instant(updated_at),
        "deleted_at": instant(deleted_at),
        "operation": None if o_id is None else {
            "id": o_id,
            "kind": o_kind,
            "service_id": service,
            "state": o_state,
            "step": o_step,
            "percent": o_percent,
            "message": o_message,
            "retryable": False,
            "cancel_requested": o_cancel == 1,
            "error": None,
            "created_at": instant(o_created),
            "finished_at": instant(o_finished),
        },
    })
