<?php

declare(strict_types=1);

return [
    'creating' => 'Se creează',
    'ready' => 'Gata',
    'deleting' => 'Se șterge',
    'deleted' => 'Ștearsă',
    'missing' => 'Lipsește',
];
