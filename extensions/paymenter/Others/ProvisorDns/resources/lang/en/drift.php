<?php

declare(strict_types=1);

return [
    'changed' => 'Published with another TTL than was asked for here.',
    'missing' => 'Asked for here, and not published any more.',
    'missing_do' => 'Publish again',
    'foreign' => 'Published, and not asked for here.',
    'foreign_do' => 'Keep it',
];
