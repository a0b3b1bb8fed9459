"""What happened, and the tree that proves it. The application only reads; `audit_write` in the database writes.

Partitioned by month on `at`, which is why entries and payloads are found by number and time together.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from zhike.core.history import NotCaptured

ITSELF = NotCaptured("It is the history.")


class Entry(models.Model):
    """One event, or up to a thousand rows that one statement changed.

    action: "insert", "update", "delete" or "truncate" of rows, "erase" of payloads, else an event such as
    "accounts.log_in". xid: of the transaction, so that all its entries can be found. ids: of the rows. subject: table
    of the record that the rows belong to; subject_ids: its ids row by row, null where the rows are the subject
    themselves. fields: names of the values in each text of a chunk, null where the one text is JSON by itself.
    text_count: texts of the payload; one more than rows where the actor gave a reason, which comes last.
    """

    id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    xid = models.BigIntegerField()
    actor_id = models.BigIntegerField(null=True)
    origin = models.TextField()
    request = models.TextField()
    action = models.TextField()
    table_name = models.TextField()
    row_count = models.IntegerField()
    ids = ArrayField(models.BigIntegerField())
    subject = models.TextField()
    subject_ids = ArrayField(models.BigIntegerField(), null=True)
    fields = ArrayField(models.TextField(), null=True)
    text_count = models.IntegerField()

    history = ITSELF

    class Meta:
        db_table = "audit_entry"

    def __str__(self) -> str:
        return f"{self.pk} {self.action} {self.table_name}"


class Payload(models.Model):
    """What an entry commits to and what can be erased: JSON, or one text a row as PostgreSQL writes a record.

    seed: from which the salt of each text is made; after an erasure, salts holds those that remain, and hashes what
    the erased texts were committed to by.
    """

    entry_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    seed = models.BinaryField(null=True)
    texts = ArrayField(models.TextField(null=True))
    salts = ArrayField(models.BinaryField(null=True), null=True)
    hashes = ArrayField(models.BinaryField(null=True), null=True)

    history = ITSELF

    class Meta:
        db_table = "audit_payload"

    def __str__(self) -> str:
        return str(self.pk)


class Unsealed(models.Model):
    """An entry that no head covers yet; written with the entry, taken away by the sealer."""

    entry_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()

    history = ITSELF

    class Meta:
        db_table = "audit_unsealed"

    def __str__(self) -> str:
        return str(self.pk)


class Leaf(models.Model):
    """An entry's place in the tree. commitment: root of the small tree over its texts. leaf: the leaf's hash."""

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    commitment = models.BinaryField()
    leaf = models.BinaryField()

    history = ITSELF

    class Meta:
        db_table = "audit_leaf"

    def __str__(self) -> str:
        return f"{self.pk}: {self.entry_id}"


class Head(models.Model):
    """A signed state of the tree. edge: roots of its whole subtrees, from the left, from which it grows on.

    statement: what is signed; it names the head before.
    """

    number = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    root = models.BinaryField()
    edge = ArrayField(models.BinaryField())
    sealed_at = models.DateTimeField()
    statement = models.TextField()
    signature = models.BinaryField()

    history = ITSELF

    class Meta:
        db_table = "audit_head"

    def __str__(self) -> str:
        return f"{self.number}: {self.size}"


class Publication(models.Model):
    """How far a place outside has been told of the heads. number: the last head that it took; 0 before the first.

    due_at: before which nothing is sent, be it that it failed or that so much is enough. problem: why it failed last.
    """

    id = models.BigAutoField(primary_key=True)
    destination = models.TextField(unique=True)  # "mail:audit@example.com", "url:https://…"
    number = models.BigIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    failure_count = models.IntegerField(default=0)
    problem = models.TextField(default="")

    history = ITSELF

    class Meta:
        db_table = "audit_publication"

    def __str__(self) -> str:
        return f"{self.destination}: {self.number}"
