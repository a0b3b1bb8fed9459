"""Every address, operation, task and export, with the permission it is under and how the policy shows in it.

Three kinds. A list shows what hangs on the customers somebody sees, and nothing of the others. A record is there for
those who see it, and for the others it is not. What is shut opens by its permission alone: it holds no records.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.policy.world import FILE_KEY, FILED, Planted

type Address = Callable[[Planted], str]

VIEW, EDIT, CREATE = "customers.view_customer", "customers.edit_customer", "customers.create_customer"
ORDERS, IMPORTS = "commerce.view_order", "exchange.view_import"
DELETE = "customers.delete_customer"
MERGE = "duplicates.merge_customers"
QUALITY = "quality.fix_customers"
EDIT_ORDER, DELETE_ORDER = "commerce.edit_order", "commerce.delete_order"
REVEAL = "customers.reveal_customer"
EXPORT, MANAGE = "customers.export_customer", "accounts.manage_users"
EVERYBODY = ""  # whoever is logged in, about themselves; and what guests see


class Upload:
    """A file that is sent, as often as it is read."""

    name, content_type = "x.txt", "text/plain"

    def read(self) -> bytes:
        return b"x"


@dataclass(frozen=True, kw_only=True)
class Surface:
    """permission: what opens it. list_at: an address that shows many records. record_at: one record's address.

    told: what of a record betrays it there. method, body: how it is asked. by: whose policy ("customer",
    "import" or "bin"). changes: whether asking changes something, so that only those are sent who must be refused.
    """

    permission: str
    list_at: Address | None = None
    record_at: Address | None = None
    told: Callable[[Planted], str] = lambda one: one.name
    method: str = "GET"
    body: Any = None
    by: str = "customer"
    changes: bool = False


def _list(permission: str, address: str, **more: Any) -> Surface:
    return Surface(permission=permission, list_at=lambda one: address.format(**vars(one)), **more)


def _record(permission: str, address: str, **more: Any) -> Surface:
    return Surface(permission=permission, record_at=lambda one: address.format(**vars(one)), **more)


def _change(permission: str, address: str, body: Any = None, **more: Any) -> Surface:
    return _record(permission, address, method=more.pop("method", "POST"), body=body or {}, changes=True, **more)


def _shut(permission: str) -> Surface:
    return Surface(permission=permission)


_CUSTOMER = "/customers/{customer_id}"
_SENT = {"file": Upload()}

PAGES: dict[str, Surface] = {
    "list_customers": _list(VIEW, "/customers/?q=Guest"),
    "count_customers": _list(VIEW, "/customers/count/?q={name}", told=lambda one: ">1<"),
    "edit_filter": _shut(VIEW),
    "show_groups": _list(VIEW, "/customers/groups/?as=board&by=kind&q={name}", told=lambda one: ">1<"),
    "show_cards": _list(VIEW, "/customers/cards/?as=board&by=kind&lane=person&q=Guest"),
    "move_card": _change(EDIT, f"{_CUSTOMER}/move/channel/", {"value": "x", "from": ""}),
    "delete_customer": _change(DELETE, f"{_CUSTOMER}/delete/"),
    "delete_customers": _shut(DELETE),
    "bin": _list(DELETE, "/bin/", by="bin", told=lambda one: one.gone),
    "restore_records": _shut(DELETE),
    "purge_records": _shut("recovery.purge_record"),
    "restore_batch": _change(DELETE, "/bin/batches/{batch}/restore/", by="bin"),
    "revert_changes": _shut(EDIT),
    **dict.fromkeys(("show_reversal", "cancel_reversal", "find_words"), _shut(EVERYBODY)),
    "choose_columns": _shut(VIEW),
    "save_view": _shut(VIEW),
    "edit_view": _shut(VIEW),
    "delete_view": _shut(VIEW),
    "export_customers": _list(EXPORT, "/customers/export/csv/"),
    "create_customer": _shut(CREATE),
    "hint_duplicates": _list(CREATE, "/customers/new/duplicates/?phone={phone}"),
    "show_customer": _record(VIEW, f"{_CUSTOMER}/"),
    "show_customer_header": _record(VIEW, f"{_CUSTOMER}/header/"),
    "show_time_line": _record(VIEW, f"{_CUSTOMER}/time-line/"),
    "print_customer": _record(EXPORT, f"{_CUSTOMER}/print/"),
    "arrange_panels": _change(VIEW, f"{_CUSTOMER}/panels/"),
    "show_next_steps": _record(VIEW, f"{_CUSTOMER}/next/", told=lambda one: "card-title"),
    "find_colleagues": _change(VIEW, f"{_CUSTOMER}/colleagues/", {"typed": "o"}),
    **dict.fromkeys(("list_mentions", "count_mentions", "see_mentions"), _shut(VIEW)),
    "show_customer_history": _record(VIEW, f"{_CUSTOMER}/history/"),
    "restore_from_history": _change(EDIT, f"{_CUSTOMER}/history/1/", method="GET"),
    "show_history_panel": _record(VIEW, f"{_CUSTOMER}/history/panel/"),
    **dict.fromkeys(
        (
            *("history", "export_history", "show_entry", "download_proof"),
            *("seals", "download_head", "download_checker"),
        ),
        _shut("audit.view_history"),
    ),
    "show_collaborators": _record(VIEW, f"{_CUSTOMER}/collaborators/"),
    "remove_collaborator": _shut(VIEW),
    "show_relations": _record(VIEW, "/relations/customers/{customer_id}/"),
    "show_relations_panel": _record(VIEW, "/relations/customers/{customer_id}/panel/", told=lambda one: "card-title"),
    "seek_related": _change(EDIT, "/relations/customers/{customer_id}/seek/", {"sought": "Guest"}),
    "edit_relation": _change(EDIT, "/relations/customers/{customer_id}/1/", {"title": "x"}),
    "remove_relation": _change(EDIT, "/relations/customers/{customer_id}/1/remove/"),
    "undo_relation": _change(EDIT, "/relations/customers/{customer_id}/undo/1/"),
    "add_activity": _change(EDIT, f"{_CUSTOMER}/activities/", {"kind": "note", "text": "x"}),
    "find_by_id_number": _shut(VIEW),
    "find": _list(EVERYBODY, "/find/?q={name}", told=lambda one: f'"/customers/{one.customer_id}/"'),
    "reveal_field": _change(REVEAL, f"{_CUSTOMER}/reveal/name/", {"reason": "they called"}),
    "edit_field": _change(EDIT, f"{_CUSTOMER}/edit/city/", {"value": "x"}),
    "add_identifier": _change(EDIT, f"{_CUSTOMER}/identifiers/", {"kind": "wechat", "value": "abc-def"}),
    "change_identifier": _change(EDIT, "/customers/identifiers/{identifier_id}/", {"value": "13900139000"}),
    "remove_identifier": _change(EDIT, "/customers/identifiers/{identifier_id}/remove/"),
    "make_primary": _change(EDIT, "/customers/identifiers/{identifier_id}/primary/"),
    "show_file": _record(VIEW, "/customers/activities/{activity_id}/file/"),
    "show_small_file": _record(VIEW, "/customers/activities/{activity_id}/file/small/"),
    "look_into_file": _record(VIEW, "/customers/activities/{activity_id}/file/beginning/"),
    "show_field_file": _record(VIEW, f"{_CUSTOMER}/files/{FILED}/{{file_id}}/"),
    "show_small_field_file": _record(VIEW, f"{_CUSTOMER}/files/{FILED}/{{file_id}}/small/"),
    "add_field_file": _change(EDIT, f"{_CUSTOMER}/files/{FILED}/", _SENT),
    "remove_field_file": _change(EDIT, f"{_CUSTOMER}/files/{FILED}/{{file_id}}/remove/"),
    "pin_activity": _change(EDIT, "/customers/activities/{activity_id}/pin/"),
    "remove_activity": _change(EDIT, "/customers/activities/{activity_id}/remove/"),
    "undo_change": _change(EDIT, "/customers/changes/{activity_id}/undo/"),
    "show_orders_panel": _record(ORDERS, "/commerce/customers/{customer_id}/panel/"),
    "show_order": _record(ORDERS, "/commerce/orders/{order_id}/"),
    "show_order_history": _record(ORDERS, "/commerce/orders/{order_id}/history/"),
    "restore_order": _change(EDIT_ORDER, "/commerce/orders/{order_id}/history/1/", method="GET"),
    "delete_order": _change(DELETE_ORDER, "/commerce/orders/{order_id}/delete/"),
    "show_product": _shut(ORDERS),
    "reveal_order_field": _change(REVEAL, "/commerce/orders/{order_id}/reveal/number/", {"reason": "they called"}),
    **dict.fromkeys(("duplicates", "review_pair", "open_pair", "scan_progress"), _shut(MERGE)),
    **dict.fromkeys(("start_scan", "merge_rules"), _shut("duplicates.scan_customers")),
    "quality": _shut(QUALITY),
    "list_findings": _list(QUALITY, "/quality/findings/phone_shared/"),
    **dict.fromkeys(
        ("quality_progress", "quality_rules", "say_findings_right", "start_quality_fix", "show_fix", "cancel_fix"),
        _shut(QUALITY),
    ),
    **dict.fromkeys(("quality_figures", "show_field_quality"), _shut("quality.view_figures")),
    **dict.fromkeys(
        ("start_quality_run", "create_quality_rule", "edit_quality_rule", "remove_quality_rule"),
        _shut("quality.manage_rules"),
    ),
    "compare_customers": _record(MERGE, "/duplicates/compare/?id={customer_id}"),
    "show_duplicates_panel": _record(VIEW, "/duplicates/customers/{customer_id}/panel/"),
    "choose_other": _change(MERGE, "/duplicates/customers/{customer_id}/with/?other=1", method="GET"),
    "show_import_duplicates": _record(MERGE, "/duplicates/imports/{import_id}/panel/", by="import"),
    "show_merge": _shut(VIEW),
    "undo_merge": _shut(MERGE),
    "persona": _shut(VIEW),
    **dict.fromkeys(("tag_rules", "put_tag_rule", "ask_tag_rule", "remove_tag_rule"), _shut("customers.manage_tags")),
    "exports": _shut(EXPORT),
    "new_export": _shut(EXPORT),
    "export_schedules": _shut(EXPORT),
    "create_schedule": _shut(EXPORT),
    **dict.fromkeys(("pause_schedule", "resume_schedule", "delete_schedule"), _shut(EVERYBODY)),
    **dict.fromkeys(
        ("show_export", "download_export", "cancel_export", "remove_export", "share_export", "unshare_export"),
        _shut(EVERYBODY),
    ),
    **dict.fromkeys(("choose_customers", "prepare_act", "count_chosen", "preview_act", "start_act"), _shut(VIEW)),
    "suggest_tags": _shut(VIEW),
    **dict.fromkeys(
        ("list_tags", "create_tag", "edit_tag", "merge_tag", "delete_tag", "undo_tag_removal"),
        _shut("customers.manage_tags"),
    ),
    **dict.fromkeys(("list_acts", "show_act", "cancel_act", "undo_act"), _shut(VIEW)),
    "imports": _list(IMPORTS, "/imports/", by="import"),
    "start_import": _shut("exchange.import_file"),
    "show_import": _record(IMPORTS, "/imports/{import_id}/", by="import"),
    "put_mapping": _change("exchange.import_file", "/imports/{import_id}/columns/", by="import"),
    "import_progress": _record(IMPORTS, "/imports/{import_id}/progress/", by="import"),
    "apply_import": _change("exchange.import_file", "/imports/{import_id}/apply/", by="import"),
    "cancel_import": _change("exchange.import_file", "/imports/{import_id}/cancel/", by="import"),
    "undo_import": _change("exchange.import_file", "/imports/{import_id}/undo/", by="import"),
    "download_refused": _change(IMPORTS, "/imports/{import_id}/refused/", method="GET", by="import"),
    "today": _shut(EVERYBODY),
    "privacy_desk": _shut("privacy.handle_requests"),
    **dict.fromkeys(
        (
            *("show_request", "check_identity", "close_request", "erase_person", "download_copy", "correct_person"),
            *("propose_correction", "decide_correction"),
            *("create_purpose", "edit_purpose", "edit_rule", "erasures", "show_erasure", "erasure_progress"),
        ),
        _shut("privacy.handle_requests"),
    ),
    "processing": _shut("privacy.view_inventory"),
    "download_processing": _shut("privacy.view_inventory"),
    "show_consents": _record(VIEW, "/privacy/customers/{customer_id}/consents/"),
    "mark_minor": _change(EDIT, "/privacy/customers/{customer_id}/minor/", {"minor-is_under": "on"}),
    "withdraw_consent": _shut(EVERYBODY),
    "data_inventory": _shut("privacy.view_inventory"),
    "download_inventory": _shut("privacy.view_inventory"),
    "insight": _shut("insight.view_insight"),
    "refresh_insight": _shut("insight.refresh"),
    "customer_why": _record(VIEW, "/insight/customers/{customer_id}/why/"),
    # The door, and what people set for themselves behind it.
    **dict.fromkeys(
        (
            *("account_login", "account_reauthenticate", "logged_out", "my_security", "leave_sign_on"),
            *("end_session", "see_notices", "end_other_sessions", "socialaccount_login_cancelled"),
            *("openid_connect_login", "openid_connect_callback", "mfa_index", "mfa_authenticate", "mfa_reauthenticate"),
            *("mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
            *("mfa_login_webauthn", "mfa_list_webauthn", "mfa_add_webauthn", "mfa_edit_webauthn"),
            *("mfa_remove_webauthn", "mfa_reauthenticate_webauthn"),
        ),
        _shut(EVERYBODY),
    ),
    **dict.fromkeys(
        ("log_in", "log_out", "my_settings", "preferences", "change_password", "api_docs", "my_delegations"),
        _shut(EVERYBODY),
    ),
    **dict.fromkeys(
        (
            *("design_fields", "design_fields_of", "create_own_field", "edit_own_field", "archive_own_field"),
            *("change_kind", "move_own_field", "create_section", "edit_section", "remove_section", "move_section"),
            *("check_formula", "arrange_own_fields"),
        ),
        _shut("metadata.manage_fields"),
    ),
    "end_delegation": _shut(EVERYBODY),
    "my_keys": _shut("accounts.use_api"),
    "revoke_key": _shut(EVERYBODY),
    **dict.fromkeys(
        (
            *("settings", "users", "create_user", "edit_user", "reset_password", "teams", "create_team", "edit_team"),
            *("delete_team", "roles", "field_access", "create_role", "edit_role", "delete_role"),
            *("reassign_records", "undo_reassignment", "create_service_account", "create_key_for", "revoke_key_of"),
            *("end_sessions", "reset_second_factor", "put_second_factor_rule", "backups"),
            *("working_days", "remove_special_day"),
        ),
        _shut(MANAGE),
    ),
}
WHEN = "2026-11-20T02:00:00Z"
NEW_ORDER = {"source": "s", "number": "new", "placed_at": WHEN, "currency": "CNY"}
NEW_ORDER |= {"lines": [{"quantity": "1", "unit_price": "1"}]}

_ONE, _IMPORT = "/customers/{customer_id}", "/imports/{import_id}"
_ENTRY_FILE = _ONE + "/activities/{activity_id}/file"
OPERATIONS: dict[str, Surface] = {
    "get_me": _shut("accounts.use_api"),
    "list_customers": _list(VIEW, "/customers?q=Guest"),
    "get_customer": _record(VIEW, _ONE),
    "create_customer": _shut(CREATE),
    "edit_customer": _change(EDIT, _ONE, {"city": "x"}, method="PATCH"),
    "delete_customer": _change(DELETE, _ONE, method="DELETE"),
    "merge_customers": _change(MERGE, f"{_ONE}/merge", {"record_ids": [1]}),
    **dict.fromkeys(("get_merge", "undo_merge"), _shut("accounts.use_api")),
    **dict.fromkeys(("list_duplicates", "tell_apart", "open_pair_again", "get_scan"), _shut(MERGE)),
    "scan_duplicates": _shut("duplicates.scan_customers"),
    "list_bin": _list(DELETE, "/bin", by="bin", told=lambda one: one.gone),
    "restore_record": _change(DELETE, "/bin/{binned_id}/restore", {}, by="bin"),
    "purge_record": _shut("recovery.purge_record"),
    "list_history": _record(VIEW, f"{_ONE}/history"),
    "plan_put_back": _change(EDIT, f"{_ONE}/history/1/plan", method="GET"),
    "put_back": _change(EDIT, f"{_ONE}/history/1/put-back", {"seen": "x"}),
    "plan_reversal": _shut(EDIT),
    "start_reversal": _shut(EDIT),
    **dict.fromkeys(("get_reversal", "list_reversed", "cancel_reversal"), _shut(EVERYBODY)),
    "reveal_field": _change(REVEAL, f"{_ONE}/reveal", {"field": "name", "reason": "they called"}),
    "put_id_number": _change(EDIT, f"{_ONE}/id-number", {"value": ""}, method="PUT"),
    "find_by_id_number": _shut(VIEW),
    "set_tags": _change(EDIT, f"{_ONE}/tags", {"tags": ["x"]}, method="PUT"),
    "list_identifiers": _record(VIEW, f"{_ONE}/identifiers", told=lambda one: one.phone),
    "add_identifier": _change(EDIT, f"{_ONE}/identifiers", {"kind": "wechat", "value": "abc-def"}),
    "change_identifier": _change(EDIT, _ONE + "/identifiers/{identifier_id}", {"value": "13800138009"}, method="PATCH"),
    "remove_identifier": _change(EDIT, _ONE + "/identifiers/{identifier_id}", method="DELETE"),
    "list_activities": _record(VIEW, f"{_ONE}/activities"),
    "add_activity": _change(EDIT, f"{_ONE}/activities", {"kind": "note", "text": "x"}),
    "list_field_files": _record(VIEW, f"{_ONE}/files/{FILE_KEY}"),
    "download_field_file": _record(VIEW, f"{_ONE}/files/{FILE_KEY}/{{file_id}}"),
    "download_small_field_file": _record(VIEW, f"{_ONE}/files/{FILE_KEY}/{{file_id}}/small"),
    "add_field_file": _change(EDIT, f"{_ONE}/files/{FILE_KEY}", _SENT),
    "remove_field_file": _change(EDIT, f"{_ONE}/files/{FILE_KEY}/{{file_id}}", method="DELETE"),
    "download_activity_file": _record(VIEW, _ENTRY_FILE),
    "put_activity_file": _change(EDIT, _ENTRY_FILE, _SENT),
    "take_activity_file": _change(EDIT, _ENTRY_FILE, method="DELETE"),
    "list_collaborators": _record(VIEW, f"{_ONE}/collaborators"),
    "put_collaborator": _change(EDIT, f"{_ONE}/collaborators/1", {"may_edit": True}, method="PUT"),
    "remove_collaborator": _change(EDIT, f"{_ONE}/collaborators/1", method="DELETE"),
    "list_relations": _record(VIEW, f"{_ONE}/relations", told=lambda one: '"items"'),
    "get_relation_graph": _record(VIEW, f"{_ONE}/relation-graph"),
    "add_relation": _change(EDIT, f"{_ONE}/relations", {"other_id": 1, "aspect": "other"}),
    "edit_relation": _change(EDIT, f"{_ONE}/relations/1", {"title": "x"}, method="PATCH"),
    "remove_relation": _change(EDIT, f"{_ONE}/relations/1", method="DELETE"),
    **dict.fromkeys(("list_entries", "get_entry", "prove_entry"), _shut("audit.view_history")),
    **dict.fromkeys(("list_heads", "prove_consistency"), _shut("audit.view_history")),
    "count_records": _shut(MANAGE),
    "reassign_records": _shut(MANAGE),
    "undo_reassignment": _shut(MANAGE),
    "search": _list("accounts.use_api", "/search?q={name}", told=lambda one: f'"/customers/{one.customer_id}/"'),
    "list_orders": _list(ORDERS, "/orders"),
    "get_order": _record(ORDERS, "/orders/{order_id}"),
    "create_order": _shut("commerce.create_order"),
    "refund_order": _change("commerce.create_order", "/orders/{order_id}/refund", {"placed_at": WHEN}),
    "delete_order": _change(DELETE_ORDER, "/orders/{order_id}", method="DELETE"),
    "list_order_history": _record(ORDERS, "/orders/{order_id}/history"),
    "plan_order_put_back": _change(EDIT_ORDER, "/orders/{order_id}/history/1/plan", method="GET"),
    "put_back_order": _change(EDIT_ORDER, "/orders/{order_id}/history/1/put-back", {"seen": "x"}),
    "reveal_order_field": _change(REVEAL, "/orders/{order_id}/reveal", {"field": "number", "reason": "they called"}),
    "list_products": _shut(ORDERS),
    "get_product": _shut(ORDERS),
    **dict.fromkeys(("preview_bulk_change", "start_bulk_change"), _shut(EDIT)),
    **dict.fromkeys(
        ("list_bulk_changes", "get_bulk_change", "list_bulk_customers", "cancel_bulk_change", "undo_bulk_change"),
        _shut(EVERYBODY),
    ),
    "start_export": _shut(EXPORT),
    **dict.fromkeys(("list_exports", "get_export", "cancel_export"), _shut(EVERYBODY)),
    **dict.fromkeys(("download_export", "remove_export"), _shut(EVERYBODY)),
    "list_import_kinds": _shut("exchange.import_file"),
    "list_imports": _list(IMPORTS, "/imports", by="import"),
    "start_import": _shut("exchange.import_file"),
    "get_import": _record(IMPORTS, _IMPORT, by="import"),
    "put_mapping": _change("exchange.import_file", f"{_IMPORT}/mapping", {"mapping": {}}, method="PUT", by="import"),
    "preview_import": _change("exchange.import_file", f"{_IMPORT}/preview", by="import"),
    "apply_import": _change("exchange.import_file", f"{_IMPORT}/apply", by="import"),
    "cancel_import": _change("exchange.import_file", f"{_IMPORT}/cancel", by="import"),
    "undo_import": _change("exchange.import_file", f"{_IMPORT}/undo", by="import"),
    **dict.fromkeys(
        (
            *("list_requests", "take_request", "get_request", "check_identity", "correct_person", "erase_person"),
            *("close_request", "copy_person", "propose_correction", "decide_correction"),
        ),
        _shut("privacy.handle_requests"),
    ),
    "list_consents": _record(VIEW, f"{_ONE}/consents", told=lambda one: f'"customer":{one.name}'),
    "record_consent": _change(
        EDIT, f"{_ONE}/consents", {"purpose_id": 1, "channel": "sms", "is_given": False, "source": "call"}
    ),
    "get_refused_rows": _change(IMPORTS, f"{_IMPORT}/refused", method="GET", by="import"),
}
# Task → as whom it works.
TASKS = {
    "duplicates.scan": "system",
    "quality.fix": "the user who asked",
    "quality.resume_fixes": "the user who asked",
    "persona.ask_rule": "system",
    "persona.ask_rules": "system",
    "quality.run": "system",
    "quality.run_nightly": "system",
    "accounts.forget": "system",
    "accounts.mail_notice": "system",
    "accounts.remind_of_keys": "system",
    "audit.end_months": "system",
    "audit.make_partitions": "system",
    "audit.publish": "system",
    "audit.seal": "system",
    "backup.make_nightly": "system",
    "exchange.apply_import": "the user who asked",
    "exchange.preview_import": "the user who asked",
    "exchange.undo_import": "the user who asked",
    "exchange.resume_dead": "the user who asked",
    "exchange.sweep_staging": "system",
    "exports.make_export": "the user who asked",
    "exports.resume_dead": "system",
    "exports.run_schedules": "system",
    "exports.remove_expired": "system",
    "customers.sweep_files": "system",
    "metadata.put_index": "system",
    "metadata.put_search": "system",
    "metadata.resume_indexes": "system",
    "metadata.move_values": "system",
    "metadata.resume_moving": "system",
    "bulk.carry_out": "the user who asked",
    "bulk.take_back": "the user who asked",
    "bulk.resume": "system",
    "bulk.forget": "system",
    "recovery.empty_bin": "system",
    "recovery.revert_set": "the user who asked",
    "recovery.resume_reversals": "the user who asked",
    "duplicates.scan_by_itself": "system",
    "insight.refresh": "system",
    "insight.refresh_merged": "system",
    "insight.refresh_orders": "system",
    "privacy.sweep": "system",
    "privacy.retain": "system",
    "privacy.sweep_open": "system",
    "privacy.scrub": "system",
    "insight.refresh_daily": "system",
}
# Kinds of export of `export_customers`: each is walked.
EXPORTS = ("csv", "xlsx", "parquet", "vcf")
