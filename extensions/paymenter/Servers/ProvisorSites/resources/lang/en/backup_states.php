<?php

declare(strict_types=1);

return [
    'creating' => 'Being made',
    'ready' => 'Ready',
    'deleting' => 'Being deleted',
    'deleted' => 'Deleted',
    'missing' => 'Missing',
];
