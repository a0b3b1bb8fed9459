"""Where the policies of the tables are opened, and why; a new place fails until it stands here."""

import ast
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "src" / "zhike"
OPENED = {
    "bulk/selectors.py:count_chosen": "counts by the compiled predicate",
    "bulk/selectors.py:preview_act": "the same; examples are read under the policies",
    "bulk/services/carrying.py:_edit": "customers that the actor holds may be given to somebody else",
    "bulk/services/carrying.py:_lay_down": "finds ids by the compiled predicate; rows are changed under the policies",
    "bulk/services/tag_list.py:remove_tag": "a word of the company's goes from everybody",
    "bulk/services/tag_list.py:undo_removal": "and comes back to everybody",
    "bulk/services/undoing.py:_undo_edit": "customers that the actor holds may go back to somebody else",
    "accounts/services/reassigning.py:count_records": "an administrator counts what somebody else owns",
    "accounts/services/reassigning.py:reassign_records": "an administrator moves what somebody else owns",
    "accounts/services/reassigning.py:undo_reassignment": "an administrator moves it back",
    "commerce/services/bin.py:refunds_of": "a refund goes with its order, seen or not",
    "commerce/services/restoring.py:_is_refunded": "a refund holds its order fast, seen or not",
    "commerce/services/restoring.py:put_back": "it may go back to a customer of somebody else",
    "commerce/findable.py:_sources": "which systems orders come from, whoever's they are",
    "commerce/services/orders.py:_record_order": "the number may be taken by an order the actor does not see",
    "customers/selectors/listing.py:_with_fields": "the same of those found by their own fields",
    "customers/sought_fields.py:find_by_fields": "finds ids by an index of pieces, within the compiled predicate",
    "customers/selectors/listing.py:count_customers": "counts by the compiled predicate",
    "customers/selectors/listing.py:count": "the same, as often as it takes",
    "customers/selectors/listing.py:_find": "finds ids of a filtered list by the compiled predicate",
    "customers/selectors/sampling.py:draw": "finds ids of a group by the compiled predicate",
    "customers/selectors/sampling.py:find": "a part of it, as often as it takes",
    "customers/selectors/exporting.py:count_beyond": "whether somebody in a file is out of reach by now",
    "customers/listing/groupings.py:_most_used": "which words are used most; who has them is counted by the predicate",
    "customers/selectors/groups.py:_aggregate": "counts and adds up by the compiled predicate",
    "customers/selectors/groups.py:_count_one": "the same, of one group",
    "customers/selectors/groups.py:_figures_of": "the same, of one lane of a board",
    "customers/selectors/listing.py:find_stretch": "a part of it; rows are read under the policies",
    "customers/exchange/sealing.py:refuse_taken": "has another customer this value, seen or not",
    "customers/selectors/record.py:_masked": "a masked name and an owner of a likely duplicate",
    "customers/selectors/record.py:find_duplicates": "who has this identifier, seen or not",
    "customers/services/identifiers.py:_held_by": "who has this identifier, seen or not",
    "metadata/indexes.py:list_doubles": "a value has to be unique among all records",
    "metadata/services/converting.py:_list_values": "a field's kind is that of all records",
    "metadata/services/converting.py:_rewrite": "the same",
    "metadata/references.py:_is_gone": "a link says that nobody is there, and nothing of whom somebody does not see",
    "metadata/services/sealing.py:check_doubles": "that a value is unique is of all records; no value is shown",
    "metadata/services/sealing.py:_bring_out": "into the clear it comes in all records, for who sees all of them",
    "metadata/services/sealing.py:_move_batch": "a field is stored encrypted in all records",
    "metadata/services/sealing.py:move_values": "the same, of its copies",
    "metadata/services/sealing.py:_is_awaited": "the same: whether work of anybody's still writes it",
    "metadata/services/values.py:_is_taken": "has another record this value, seen or not",
    "customers/services/people.py:add_customer": "it may be made for somebody else",
    "customers/services/people.py:edit_customer": "it may be given to somebody else",
    "customers/services/sealing.py:_keys_outside": "keys that deleted customers come back with",
    "duplicates/guarding.py:refuse_restoring": "whether what something was merged into is there",
    "duplicates/pointers.py:find_successor": "whoever follows a link to the survivor asks whether they see it",
    "duplicates/pointers.py:list_given_up": "whoever is erased goes with all that was merged into them",
    "duplicates/services/merging.py:merge_many": "all that hangs on a customer goes over, seen or not",
    "duplicates/services/undoing.py:find_merge": "a merge whose survivor is in the bin, or was merged itself",
    "duplicates/services/undoing.py:undo_merge": "and goes back",
    "relations/selectors/related.py:_masked": "a masked name and an owner of somebody who is related",
    "exchange/engine.py:working": "an import compares with everything that is there",
    "exchange/mappings.py:remember": "a mapping belongs to the import's owner, whoever finishes it",
    "recovery/services.py:_bring_back": "and comes back",
    "recovery/services.py:bring_back": "what a merge gave up, for whoever reaches the survivor",
    "recovery/services.py:put_away": "all that hangs on a record goes along, seen or not",
    "recovery/services.py:bin_records": "a refund goes with its order, seen or not",
    "customers/services/bin.py:collided": "who has this identifier by now, seen or not",
    "persona/services/tag_rules.py:_give_and_take": "a rule is the company's, made by who edits everybody",
    "privacy/services/erasing.py:erase_person": "a person is erased whoever owns the record",
    "privacy/selectors/consents.py:may_contact": "an address may be shut in whosever record it stands",
    "privacy/selectors/requests.py:collect": "a person's copy holds what anybody keeps about them",
    "privacy/selectors/requests.py:copy_archive": "the same",
    "privacy/selectors/requests.py:explain": "the desk answers for every customer",
    "privacy/selectors/requests.py:get_request": "the desk answers for every customer",
    "privacy/selectors/requests.py:page_requests": "the desk answers for every customer",
    "privacy/selectors/transfer.py:transfer_archive": "a person takes along what anybody keeps of them",
    "privacy/services/correcting.py:_edit": "a person's data is corrected whoever owns the record",
    "privacy/services/proposing.py:list_correctable": "the same",
    "privacy/selectors/proposals.py:list_proposals": "the desk answers for every customer",
    "privacy/selectors/requests.py:list_requests": "the desk answers for every customer",
    "privacy/services/consents.py:withdraw": "the person themselves, who has no account",
    "privacy/services/requests.py:carry_out_erasure": "the name is compared with the one on record",
    "privacy/services/requests.py:take_request": "the desk answers for every customer",
    "privacy/services/retention.py:count_due": "a rule holds for every record",
    "privacy/services/retention.py:run_rules": "a rule holds for every record",
    "privacy/services/erasing.py:sweep_erasure": "every record may mention the person",
    "privacy/services/erasing.py:sweep_open": "every record may mention the person",
    "privacy/services/replaying.py:replay": "whoever is there again is erased again",
    "exchange/staging.py:drop_staging": "staging tables belong to the role that sees everything",
}


def test_every_place_that_sees_everything_is_known() -> None:
    found = set()
    for path in SOURCES.rglob("*.py"):
        if "tests" in path.parts or path.name == "acting.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and _calls(node, "seeing_everything"):
                found.add(f"{path.relative_to(SOURCES)}:{node.name}")
    assert found == set(OPENED)


def _calls(function: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
        for node in ast.walk(function)
    )
