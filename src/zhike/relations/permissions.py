"""Relations are seen and edited with the customers that they join; what stands here are events of the history."""

RELATED = "relations.touch_relation"  # told in the history of the customer at the other end
